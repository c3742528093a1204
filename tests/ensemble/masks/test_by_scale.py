import numpy as np
import pytest

from ensemble.masks.by_scale import levels, members_of_scale, wanted_scales


@pytest.mark.parametrize(
    ("side", "ratio", "level"),
    [
        (240, 1.0, 2),
        (240, 0.6, 2),
        (240, 0.3, 1),
        (240, 0.1, 0),
        (480, 1.0, 3),
        (480, 0.6, 2),
        (480, 0.3, 1),
        (480, 0.1, 0),
        (64, 1.0, 0),
        (112, 1.0, 1),
        (5000, 1.0, 3),
        (1, 1.0, 0),
    ],
)
def test_levels_are_those_of_the_report(side: int, ratio: float, level: int) -> None:
    area = side * side
    assert levels(np.array([float(area)]), np.array([round(ratio * area)])).tolist() == [level]


def test_levels_are_spread_over_the_scales() -> None:
    level = np.array([0, 1, 2, 3])
    assert wanted_scales(level, [800]).tolist() == [800] * 4
    assert wanted_scales(level, [800, 1200]).tolist() == [1200, 1200, 800, 800]
    assert wanted_scales(level, [1200, 600, 600, 800, 1000]).tolist() == [1200, 1000, 800, 600]


def test_nearest_scale_is_taken_then_the_larger_then_the_first() -> None:
    scales = np.array([600, 800, 1000, 800])
    members, starts = np.array([0, 1, 2, 3, 2, 1, 3, 0]), np.array([0, 4, 5, 8])
    rows = members_of_scale(np.array([900, 100, 800]), scales, members, starts)
    assert rows.tolist() == [2, 2, 1]
