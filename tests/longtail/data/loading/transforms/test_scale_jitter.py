import numpy as np
import pytest
from support.scenes import drawn, make_scene

from longtail.data.loading.transforms.resize import resized
from longtail.data.loading.transforms.scale_jitter import ScaleJitter


def test_a_factor_of_one_is_the_size_of_test_time() -> None:
    for size in ((40, 60), (61, 37), (20, 90)):
        found = drawn(make_scene(size), ScaleJitter(48, 70, (1.0, 1.0))).size
        assert found == resized(size, 48, 70)


@pytest.mark.parametrize(
    ("size", "factor", "expected"),
    # 40 x 60 becomes 46.67 x 70 by the cap, 20 x 60 23.33 x 70, and 50 x 60 48 x 57.6.
    [((40, 60), 1.5, (70, 105)), ((20, 60), 0.5, (12, 35)), ((50, 60), 0.5, (24, 29))],
)
def test_short_side_and_cap_are_both_times_the_factor(
    size: tuple[int, int], factor: float, expected: tuple[int, int]
) -> None:
    assert drawn(make_scene(size), ScaleJitter(48, 70, (factor, factor))).size == expected


def test_the_factor_is_uniform() -> None:
    scene, transform = make_scene((40, 50)), ScaleJitter(40, 1000, (0.5, 1.5))
    heights = [drawn(scene, transform, seed=seed).size[0] for seed in range(200)]
    assert 20 <= min(heights) < 23 and 57 < max(heights) <= 60
    assert np.mean(heights) == pytest.approx(40, abs=3)


def test_the_bounds_are_reached_by_the_largest_factor() -> None:
    transform = ScaleJitter(48, 70, (0.5, 1.5))
    assert transform.largest((40, 60)) == (72, 105)
    most = ScaleJitter(48, 70, (1.5, 1.5))
    assert drawn(make_scene((48, 70)), most).size == (72, 105)
    assert ScaleJitter(33, 70, (0.5, 1.1)).largest((40, 60)) == (37, 77)
