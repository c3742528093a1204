"""Which margins are tried, in which order, and which of them are the best."""

import numpy as np
import pytest

from ensemble.tuning.objective.margins import (
    MAX_COMMON,
    MAX_RARE,
    coarse_grid,
    coarse_steps,
    finer_grid,
    size_of_grid,
    try_margins,
)
from longtail.evaluation.margins import Margins


class Hill:
    """A quota whose AP has one top, and APr another."""

    def __init__(self) -> None:
        self.asked: list[Margins] = []

    def evaluate(self, margins: Margins) -> dict[str, float]:
        self.asked.append(margins)
        rare, common = margins.rare, margins.common
        ap = 1 - (rare - 0.123) ** 2 - (common - 0.0321) ** 2
        return {"AP": ap, "APr": 1 - (rare - 0.28) ** 2, "APc": 0.5, "APf": -1.0}


START = Margins(0.1, 0.05)


@pytest.mark.parametrize("number", [0, 1, 2, 5, 30, 300, 2000])
def test_no_more_margins_are_tried_than_asked_for_and_none_twice(number: int) -> None:
    hill = Hill()
    trials = try_margins(hill, START, number, ["AP"])  # type: ignore[arg-type]
    assert len(trials) == len(hill.asked) <= number + 1
    assert len(trials) > 0.8 * number or number < 30
    assert len(set(hill.asked)) == len(hill.asked)
    assert hill.asked[0] == START
    for margins in hill.asked:
        assert 0 <= margins.common <= MAX_COMMON and margins.common <= margins.rare <= MAX_RARE


def test_the_finer_grid_comes_nearer_to_the_top_of_every_metric_that_is_wanted() -> None:
    trials = try_margins(Hill(), START, 1000, ["AP", "APr"])  # type: ignore[arg-type]
    best = trials.best(["AP"])
    assert abs(trials.rare[best] - 0.123) < 0.002 and abs(trials.common[best] - 0.0321) < 0.002
    assert abs(trials.rare[trials.best(["APr"])] - 0.28) < 0.002


def test_the_same_margins_are_tried_every_time() -> None:
    once, again = (try_margins(Hill(), START, 100, ["AP"]) for _ in range(2))  # type: ignore[arg-type]
    assert once == again


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 7, 30])
def test_the_grid_covers_the_range_evenly(steps: int) -> None:
    points = list(coarse_grid(steps))
    assert len(set(points)) == len(points) == size_of_grid(steps)
    assert (0.0, 0.0) in points
    if steps:
        assert max(rare for rare, _ in points) == pytest.approx(MAX_RARE)
        assert max(common for _, common in points) == pytest.approx(MAX_COMMON)
        assert all(common <= rare for rare, common in points)


def test_as_many_steps_fit_as_the_share_of_the_first_grid_allows() -> None:
    assert [coarse_steps(number) for number in (0, 1, 5, 30, 2000)] == [0, 0, 0, 2, 29]
    assert size_of_grid(29) <= 0.7 * 2000 < size_of_grid(30)


def test_the_finer_grid_lies_within_one_step_and_in_range() -> None:
    found = list(finer_grid(0.1, 0.05, 0.01, 4))
    assert len(found) == 16
    offsets = np.array([point for point, _ in found]) - [0.1, 0.05]
    assert np.abs(offsets).max() < 0.01 and {cell for _, cell in found} == {0.004}
    assert len(list(finer_grid(0.0, 0.0, 0.01, 4))) == 3
    assert list(finer_grid(0.1, 0.05, 0.01, 0)) == []


def test_of_margins_that_are_equal_the_first_is_best_unless_another_metric_differs() -> None:
    trials = try_margins(Hill(), START, 30, ["AP"])  # type: ignore[arg-type]
    assert trials.best(["APc"]) == 0
    assert trials.best(["APc", "APr"]) == trials.best(["APr"])
