"""What fresh seeds say of trials."""

import math

import pytest

from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs


def reevaluation_of(values: dict[int, tuple[float, list[float]]]) -> Reevaluation:
    trials = tuple(
        ReevaluatedTrial(number, {}, {"AP": fresh_runs(before, dict(enumerate(after, start=1)))})
        for number, (before, after) in values.items()
    )
    return Reevaluation(("AP",), (1, 2, 3), 20, trials, "s confirmed")


def test_statistics_of_three_runs_by_hand() -> None:
    runs = fresh_runs(0.30, {1: 0.24, 2: 0.27, 3: 0.30})
    assert runs.mean == pytest.approx(0.27)
    assert runs.sd == pytest.approx(0.03)
    # t(2, 97.5 %) is 4.302653 in tables.
    half = 4.302653 * 0.03 / math.sqrt(3)
    assert runs.low == pytest.approx(0.27 - half)
    assert runs.high == pytest.approx(0.27 + half)
    assert runs.fell_by == pytest.approx(0.03)


def test_one_run_has_a_mean_and_no_interval() -> None:
    runs = fresh_runs(0.30, {1: 0.32})
    assert (runs.mean, runs.sd, runs.low, runs.high) == (0.32, None, None, None)
    assert runs.fell_by == pytest.approx(-0.02)


def test_undefined_values_are_left_out() -> None:
    runs = fresh_runs(-1.0, {1: 0.2, 2: -1.0})
    assert runs.by_seed == {1: 0.2}
    assert runs.in_sweep is None and runs.fell_by is None
    assert fresh_runs(0.3, {1: -1.0}).mean is None


def test_the_best_is_the_one_with_the_highest_mean() -> None:
    found = reevaluation_of({7: (0.30, [0.20, 0.22]), 3: (0.29, [0.25, 0.27]), 5: (0.28, [])})
    assert found.best == 3
    assert found.finding == (
        "Trial 7, the best in the sweep, fell by 9.00 points, from AP 30.00 to 21.00."
        " Trial 3 is the best over the fresh seeds, AP 26.00."
    )


def test_a_trial_that_rose_is_said_to_have_risen() -> None:
    found = reevaluation_of({7: (0.30, [0.31]), 3: (0.29, [0.25])})
    assert found.finding == (
        "Trial 7, the best in the sweep, rose by 1.00 points, from AP 30.00 to 31.00."
        " It is still the best."
    )


def test_the_warning_says_of_how_many_runs_the_best_was_chosen() -> None:
    assert "best of 20 single runs" in reevaluation_of({1: (0.3, [0.2])}).warning
    nothing = Reevaluation(("AP",), (1,), 0, (), "s confirmed")
    assert nothing.warning == "No trial finished; there is nothing to confirm."
    assert nothing.best is None and nothing.finding == ""
