"""Statistics over runs that differ in their seed."""

import math

import pytest

from longtail.evaluation.uncertainty.seeds import SINGLE_RUN_NOISE, aggregate_seeds, seed_difference


def test_mean_and_standard_deviation_by_hand() -> None:
    summary = aggregate_seeds([{"AP": 0.30}, {"AP": 0.32}, {"AP": 0.34}])
    ap = summary.metrics["AP"]
    assert ap.mean == pytest.approx(0.32) and ap.n == 3
    assert ap.sd == pytest.approx(0.02)
    assert summary.note == ""


def test_one_run_has_no_deviation_and_a_note_on_noise() -> None:
    summary = aggregate_seeds([{"AP": 0.3, "APr": 0.2}])
    assert summary.metrics["AP"].sd is None and summary.metrics["AP"].n == 1
    assert "0.85 points" in summary.note


def test_noise_of_two_single_runs_is_two_deviations_of_their_difference() -> None:
    assert SINGLE_RUN_NOISE == pytest.approx(2 * math.sqrt(2) * 0.30 / 100)


def test_undefined_and_missing_metrics_are_left_out() -> None:
    runs = [{"AP": 0.3, "APr": -1.0}, {"AP": 0.3, "APr": 0.1}, {"AP": 0.3}]
    metrics = aggregate_seeds(runs).metrics
    assert (metrics["APr"].mean, metrics["APr"].sd, metrics["APr"].n) == (0.1, None, 1)
    assert metrics["AP"].n == 3


def test_a_metric_that_no_run_defines_is_not_in_the_summary() -> None:
    assert aggregate_seeds([{"APr": -1.0}, {"APr": -1.0}]).metrics == {}


def test_order_of_runs_does_not_matter() -> None:
    runs = [{"AP": value} for value in (0.25, 0.5, 0.75)]
    assert aggregate_seeds(runs) == aggregate_seeds(runs[::-1])


def test_no_runs_and_values_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="no runs"):
        aggregate_seeds([])
    with pytest.raises(ValueError, match="run 1: AP is nan"):
        aggregate_seeds([{"AP": 0.3}, {"AP": math.nan}])


def test_the_difference_over_seeds_by_hand() -> None:
    # Differences of 1 and 3: mean 2, standard error 1; Student's t of one degree is 12.7062.
    found = seed_difference([1.0, 2.0], [2.0, 5.0])
    assert (found.mean, found.n) == (2.0, 2)
    assert (found.low, found.high) == pytest.approx((2 - 12.7062, 2 + 12.7062), abs=1e-4)
    turned = seed_difference([2.0, 5.0], [1.0, 2.0])
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_what_all_seeds_have_in_common_does_not_widen_the_interval() -> None:
    found = seed_difference([0.1, 0.4, 0.9], [0.2, 0.5, 1.0])
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize(("a", "b"), [([], []), ([0.1], [0.2]), ([0.1, 0.2], [0.1])])
def test_a_difference_needs_two_seeds_of_both(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match="give two or more, of the same seeds"):
        seed_difference(a, b)
