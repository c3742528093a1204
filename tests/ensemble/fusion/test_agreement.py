from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from ensemble.fusion.agreement import counted_sources, largest_score, score_by_agreement
from ensemble.fusion.settings import AbsentSources
from longtail.categories import FREQUENCY_GROUPS

GROUPS = np.array([FREQUENCY_GROUPS.index(letter) for letter in "rcf"])


def scores(
    clusters: list[list[int]],
    sources: list[int],
    weights: list[float],
    counted: list[list[bool]] | None,
    means: list[float],
) -> list[float]:
    """Scores of clusters of rows."""
    members = np.array([row for rows in clusters for row in rows], np.int64)
    starts = np.cumsum([0, *map(len, clusters)])
    judges = None if counted is None else np.array(counted)
    found: list[float] = score_by_agreement(
        np.array(means), members, starts, np.array(sources), np.array(weights), judges
    ).tolist()
    return found


def test_every_source_counts_by_default() -> None:
    # Found by one of three: a third; by two: two thirds; by one twice and another: all of it.
    clusters = [[0], [1, 2], [3, 4, 5]]
    found = scores(clusters, [0, 0, 1, 0, 0, 1], [1.0] * 3, None, [0.6] * 3)
    np.testing.assert_allclose(found, [0.2, 0.4, 0.6])


def test_only_possible_sources_count() -> None:
    # The object of an expert's category alone keeps its score; of two that may fire, half.
    judges = [[False, False, True], [False, True, True]]
    found = scores([[0], [1]], [2, 1], [1.0] * 3, judges, [0.6, 0.6])
    np.testing.assert_allclose(found, [0.6, 0.3])


def test_a_source_that_has_a_member_counts() -> None:
    # The first member's size is out of the range of source 1, whose box joined all the same.
    found = scores([[0, 1]], [0, 1], [1.0, 1.0], [[True, False], [False, False]], [0.5])
    assert found == [0.5]


def test_weights_of_sources_that_cannot_fire_do_not_count() -> None:
    # mean * min(members, sources) / sum of weights, of sources 0 and 2.
    found = scores([[0]], [0], [1.0, 5.0, 3.0], [[True, False, True]], [0.8])
    assert found == [0.8 * 1 / 4]


@pytest.mark.parametrize("num_sources", [1, 7, 9, 33])
def test_counting_all_by_name_changes_no_bit(num_sources: int) -> None:
    random = np.random.default_rng(num_sources)
    weights = random.uniform(0.1, 3, num_sources).tolist()
    sources = random.integers(0, num_sources, 60).tolist()
    means = random.uniform(0, 1, 20).tolist()
    clusters = np.arange(60).reshape(20, 3).tolist()
    every = np.ones((60, num_sources), np.bool_).tolist()
    assert scores(clusters, sources, weights, every, means) == scores(
        clusters, sources, weights, None, means
    )


def test_none_stands_for_all_where_nothing_is_left_out() -> None:
    assert counted_sources(None, GROUPS, AbsentSources(), 4) is None
    possible = np.eye(3, dtype=np.bool_)
    counted = counted_sources(possible, GROUPS, AbsentSources(), 3)
    assert counted is not None and np.array_equal(counted, possible)


@pytest.mark.parametrize("possible", [None, np.array([[True, False]] * 3)])
def test_silent_sources_are_left_out_in_the_groups_named(
    possible: NDArray[np.bool_] | None,
) -> None:
    absent = AbsentSources(rare="is-left-out", common="is-left-out")
    counted = counted_sources(possible, GROUPS, absent, 2)
    assert counted is not None
    assert counted.any(axis=1).tolist() == [False, False, True]
    # Found by source 0 of two: in a group that leaves silent ones out, the mean is the score.
    found = score_by_agreement(
        np.full(3, 0.6), np.arange(3), np.arange(4), np.zeros(3, np.int64), np.ones(2), counted
    )
    assert found.tolist() == [0.6, 0.6, 0.6 if possible is not None else 0.3]


def test_no_clusters() -> None:
    assert scores([], [], [1.0], None, []) == []


@pytest.mark.parametrize("weights", [[1.0], [0.7] * 3, [3.0, 1.0], [1.0, 5.0, 0.1, 2.0]])
def test_largest_score_is_that_of_the_worst_case_and_passed_by_none(weights: list[float]) -> None:
    num, worst = len(weights), 0.0
    for judges in product([False, True], repeat=num):
        for finder in np.flatnonzero(judges):
            # As many sure members of one source as there are judges.
            rows = list(range(num))
            sources, counted = [int(finder)] * num, [list(judges)] * num
            (found,) = scores([rows], sources, weights, counted, [weights[finder]])
            worst = max(worst, found)
    assert largest_score(np.array(weights)) == pytest.approx(worst)


def test_largest_score_of_equal_weights_is_one_exactly() -> None:
    assert largest_score(np.full(7, 0.1)) == 1.0
    # The lightest silent source makes the most of it: 3 * 2 / (3 + 1).
    assert largest_score(np.array([3.0, 1.0, 2.0])) == 1.5
