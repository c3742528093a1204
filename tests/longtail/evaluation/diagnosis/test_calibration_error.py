"""Calibration of scores by hand and against the definition."""

import numpy as np
import pytest

from longtail.evaluation.diagnosis.calibration_error import calibration


def test_scores_equal_to_the_precision_have_no_error() -> None:
    score = np.repeat([0.25, 0.75], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    assert calibration(score, right).error == 0.0


def test_the_error_is_the_mean_gap_weighted_by_count() -> None:
    result = calibration(np.array([0.9, 0.9, 0.9, 0.1]), np.array([True, False, False, False]))
    assert result.error == pytest.approx((3 * (0.9 - 1 / 3) + 1 * 0.1) / 4)
    last = result.bins[9]
    assert (last.low, last.count) == (0.9, 3)
    assert (last.mean_score, last.precision) == pytest.approx((0.9, 1 / 3))


def test_an_empty_bin_and_an_empty_set_are_undefined() -> None:
    result = calibration(np.zeros(0), np.zeros(0, bool))
    assert result.error == -1.0
    assert {(b.count, b.mean_score, b.precision) for b in result.bins} == {(0, -1.0, -1.0)}


def test_a_score_of_1_is_in_the_last_bin() -> None:
    result = calibration(np.array([1.0, 0.0]), np.array([True, False]))
    assert [b.count for b in result.bins] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert result.error == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_written_out_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, right = rng.random(200), rng.random(200) < 0.3
    expected = 0.0
    for number in range(10):
        inside = [i for i in range(200) if number / 10 <= score[i] < (number + 1) / 10]
        gap = sum(right[i] for i in inside) - sum(score[i] for i in inside)
        expected += abs(gap) / 200
    assert calibration(score, right).error == pytest.approx(expected)
