import numpy as np
import pytest
from support.scenes import drawn, make_scene, pixels_of, rectangle

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.mixing.balanced_mosaic import BalancedMosaic
from longtail.data.loading.transforms.resize import Resize


def _scene(size: tuple[int, int]) -> Scene:
    return make_scene(size, [rectangle(1, 2, 9, 8)], labels=[3])


def test_all_four_get_the_scale_of_the_first_and_are_whole() -> None:
    mixed = drawn(_scene((20, 30)), BalancedMosaic(1.0, (40,), 200, None), partner=_scene((24, 16)))
    # Twice: 40 x 60 beside three of 48 x 32, around a centre at (60, 48).
    assert mixed.size == (96, 92)
    assert mixed.regions.tolist() == [
        [0, 8, 60, 48],
        [60, 0, 92, 48],
        [28, 48, 60, 96],
        [60, 48, 92, 96],
    ]
    assert mixed.instances.boxes[0].tolist() == [2, 12, 18, 24]
    assert mixed.instances.boxes[3].tolist() == [62, 52, 78, 64]
    assert mixed.instances.source.tolist() == [0, 1, 2, 3]
    assert pixels_of(mixed)[0, 0].tolist() == pixels_of(mixed)[95, 0].tolist() == [114] * 3


def test_the_scale_shrinks_where_a_partner_would_pass_the_cap() -> None:
    mixed = drawn(_scene((20, 30)), BalancedMosaic(1.0, (40,), 80, None), partner=_scene((80, 40)))
    # One instead of two: the partner's 80 pixels are the cap.
    sides = (mixed.regions[:, 2:] - mixed.regions[:, :2]).tolist()
    assert sides == [[30, 20], [40, 80], [40, 80], [40, 80]]


@pytest.mark.parametrize("seed", range(5))
def test_the_first_picture_is_the_resized_one_to_the_byte(seed: int) -> None:
    scene, sides = _scene((23, 37)), (30, 41, 50)
    alone = drawn(scene, BalancedMosaic(0.0, sides, 60, None), seed=seed)
    assert (
        pixels_of(alone).tobytes()
        == pixels_of(drawn(scene, Resize(sides, 60), seed=seed)).tobytes()
    )
    mixed = drawn(scene, BalancedMosaic(1.0, sides, 60, None), seed=seed, partner=_scene((23, 37)))
    x0, y0, x1, y1 = mixed.regions[0].astype(int)
    assert pixels_of(mixed)[y0:y1, x0:x1].tobytes() == pixels_of(alone).tobytes()


def test_nothing_is_larger_than_the_bounds() -> None:
    rng, mosaic = np.random.default_rng(0), BalancedMosaic(0.7, (30, 60), 80, None)
    low, high = mosaic.largest((50, 50))
    for seed in range(30):
        (a, b, c, d) = rng.integers(3, 50, 4).tolist()
        mixed = drawn(_scene((a, b)), mosaic, seed=seed, partner=_scene((c, d)))
        assert min(mixed.size) <= low and max(mixed.size) <= high
