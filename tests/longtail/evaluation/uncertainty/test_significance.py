"""Differences in words."""

from dataclasses import replace

import pytest

from longtail.evaluation.uncertainty.comparison import Difference, difference_cells, significance

HIGHER = Difference(0.10, 0.12, 0.02, 0.01, 0.03, 0.005, 0.0, 0.002, True, 1000)
UNDEFINED = Difference(-1, -1, -1, -1, -1, -1, -1, -1, False, 0)


@pytest.mark.parametrize(
    ("low", "high", "real", "word"),
    [
        (0.01, 0.03, True, "higher"),
        (-0.03, -0.01, True, "lower"),
        (-0.01, 0.03, False, "not told apart"),
        (0.0, 0.0, False, "not told apart"),
    ],
)
def test_significance_goes_by_the_interval(low: float, high: float, real: bool, word: str) -> None:
    assert significance(replace(HIGHER, low=low, high=high, real=real)) == word


def test_cells_are_in_points_with_a_sign() -> None:
    assert difference_cells(HIGHER) == ("+2.00", "+1.00 to +3.00", "higher")
    tiny = replace(HIGHER, difference=-1e-9, low=-1e-9, high=0.0, real=False)
    assert difference_cells(tiny) == ("+0.00", "+0.00 to +0.00", "not told apart")


def test_an_undefined_difference_is_a_dash() -> None:
    assert significance(UNDEFINED) == "-"
    assert difference_cells(UNDEFINED) == ("-", "-", "-")
