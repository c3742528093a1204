"""Round numbers of an axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtail.sweep.analysis.ticks import linear_ticks, log_ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.25, 4.0, [1, 2, 3, 4]),
        (100, 500, [100, 200, 300, 400, 500]),
        (-0.3, 0.3, [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]),
    ],
)
def test_linear_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert linear_ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1e-4, 1e-1, [1e-4, 1e-3, 1e-2, 1e-1]),
        (1e-3, 3e-2, [1e-3, 2e-3, 5e-3, 1e-2, 2e-2]),
        (1e-12, 1.0, [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0]),
        (1.0, 2.0, [1.0, 1.2, 1.4, 1.6, 1.8, 2.0]),
    ],
)
def test_log_ticks_are_powers_of_ten(low: float, high: float, expected: list[float]) -> None:
    assert log_ticks(low, high) == pytest.approx(expected)


@given(st.floats(min_value=1e-9, max_value=1e6), st.floats(min_value=1.001, max_value=1e12))
def test_ticks_are_few_and_inside(low: float, ratio: float) -> None:
    high = low * ratio
    for ticks in (linear_ticks(low, high), log_ticks(low, high)):
        assert 1 <= len(ticks) <= 10
        room = 1e-8 * (high - low)
        assert all(low - room <= tick <= high + room for tick in ticks)
        assert ticks == sorted(ticks)
