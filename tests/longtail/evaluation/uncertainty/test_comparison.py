"""Paired differences: exact zeros, known differences, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from support.match_tables import (
    expected_ap,
    random_table,
    simulated_tables,
    slow_resampled_ap,
    table_of,
)

from longtail.evaluation.match_table import match_table
from longtail.evaluation.uncertainty.bootstrap import bootstrap
from longtail.evaluation.uncertainty.comparison import compare, compare_pairs
from longtail.metrics import GROUP_METRICS

Record = dict[str, Any]
Problem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Official = Callable[..., dict[str, float]]


def test_identical_predictions_differ_by_exactly_nothing() -> None:
    table_a, table_b = (random_table(np.random.default_rng(2)) for _ in range(2))
    comparison = compare(table_a, table_b, resamples=100)
    for name in GROUP_METRICS:
        difference = comparison.metrics[name]
        assert (difference.low, difference.difference, difference.high) == (0, 0, 0)
        assert (difference.standard_error, difference.bias, difference.p_value) == (0, 0, 1)
        assert difference.real is False


def test_difference_is_that_of_recomputing_both_on_the_same_images() -> None:
    rng = np.random.default_rng(4)
    table_a = random_table(rng)
    keep = rng.random(len(table_a)) < 0.7
    table_b = replace(table_a, matched=table_a.matched & keep[:, None])
    a, b = (slow_resampled_ap(table, resamples=30, seed=9) for table in (table_a, table_b))
    ap = compare(table_a, table_b, resamples=30, seed=9).metrics["AP"]
    assert ap.difference == pytest.approx(ap.b - ap.a, abs=0)
    assert ap.standard_error == pytest.approx(np.std(b - a, ddof=1), abs=1e-14)
    assert ap.difference + ap.bias == pytest.approx(np.mean(b - a), abs=1e-14)


def test_pairs_of_several_models_are_compared_as_by_themselves() -> None:
    tables = simulated_tables(np.random.default_rng(0), [0.5, 0.6, 0.4], letters="rf")
    pairs = [(0, 1), (2, 0), (1, 2)]
    found = compare_pairs(iter(tables), pairs, 40, seed=5)
    assert found == [compare(tables[a], tables[b], 40, seed=5) for a, b in pairs]
    with pytest.raises(ValueError, match="different images"):
        compare_pairs([table_of("r", n, [], [(0, 0, 1)]) for n in (2, 3)], [(0, 1)])


def test_swapping_the_models_turns_the_sign() -> None:
    table_a, table_b = simulated_tables(np.random.default_rng(0), [0.5, 0.6])
    forth, back = compare(table_a, table_b, 100), compare(table_b, table_a, 100)
    for name in GROUP_METRICS:
        one, other = forth.metrics[name], back.metrics[name]
        assert one.difference == -other.difference and one.p_value == other.p_value
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-15)


def test_pairing_narrows_the_interval_of_models_that_share_their_luck() -> None:
    tables = simulated_tables(np.random.default_rng(1), [0.5, 0.5])
    paired = compare(tables[0], tables[1], resamples=300).metrics["AP"].standard_error
    single = [bootstrap(table, resamples=300).metrics["AP"].standard_error for table in tables]
    assert paired < 0.75 * float(np.hypot(*single))


def test_everything_against_nothing_is_real() -> None:
    gt = [(image, 0, 1) for image in range(30)]
    perfect = table_of("f", 30, [(image, 0, 0.5, True, False) for image in range(30)], gt)
    ap = compare(table_of("f", 30, [], gt), perfect, resamples=99).metrics["AP"]
    assert ap.difference == pytest.approx(1)
    assert ap.real and ap.p_value == pytest.approx(2 / 100)


def test_a_group_that_does_not_occur_has_no_difference() -> None:
    table = table_of("rf", 6, [], [(image, 1, 1) for image in range(6)])
    rare = compare(table, table, 20).metrics["APr"]
    assert (rare.a, rare.b, rare.difference, rare.low, rare.p_value) == (-1, -1, -1, -1, -1)
    assert not rare.real


def test_tables_of_other_annotations_are_refused() -> None:
    gt = [(0, 0, 1), (1, 1, 2)]
    table = table_of("rf", 2, [], gt)
    others = {
        "images": table_of("rf", 3, [], gt),
        "categories": table_of("rff", 2, [], gt),
        "frequency groups": table_of("rc", 2, [], gt),
        "instances": table_of("rf", 2, [], [(0, 0, 1), (1, 1, 1)]),
    }
    for what, other in others.items():
        with pytest.raises(ValueError, match=f"different .*{what}"):
            compare(table, other)


def test_requests_out_of_range_are_refused() -> None:
    table = table_of("r", 1, [], [(0, 0, 1)])
    with pytest.raises(ValueError, match="resamples"):
        compare(table, table, resamples=1)


def test_files_against_themselves_and_against_lvis_api(
    make_problem: Problem, write: Write, lvis_api: Official
) -> None:
    annotations, results = make_problem(seed=3, num_images=12)
    path, predictions = write(annotations, results)
    table = match_table(path, predictions)
    comparison = compare(table, match_table(path, predictions), resamples=50)
    official = lvis_api(path, results, "segm")
    for name, found in comparison.metrics.items():
        assert found.a == pytest.approx(official[name], abs=1e-12)
        assert (found.low, found.high) == ((0, 0) if found.a > -1 else (-1, -1))


@pytest.mark.slow
@pytest.mark.parametrize("skills", [(0.5, 0.5), (0.5, 0.6)])
@pytest.mark.parametrize(("letters", "presence"), [("rrccff", 0.3), ("r" * 30, 0.02)])
def test_intervals_cover_a_known_difference_at_the_stated_rate(
    skills: tuple[float, float], letters: str, presence: float
) -> None:
    ap_a, ap_b = (expected_ap(skill, presence=presence) for skill in skills)
    num_covered = dict.fromkeys(GROUP_METRICS, 0)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        table_a, table_b = simulated_tables(rng, skills, letters, presence=presence)
        for name, found in compare(table_a, table_b, resamples=200, seed=seed).metrics.items():
            num_covered[name] += found.low <= ap_b - ap_a <= found.high
    occurring = ["AP", *(f"AP{letter}" for letter in sorted(set(letters)))]
    low, high = binom.interval(0.99, 200, 0.95)
    assert all(low <= num_covered[name] <= high for name in occurring), num_covered
