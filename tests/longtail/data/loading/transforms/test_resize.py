import numpy as np
import pytest
from PIL import Image as PilImage
from support.scenes import drawn, make_scene

from longtail.data.loading.transforms.resize import Resize, resample, resized, scaled


@pytest.mark.parametrize(
    ("size", "short_side", "cap", "expected"),
    [
        ((480, 640), 800, 1333, (800, 1067)),
        ((640, 480), 800, 1333, (1067, 800)),
        ((427, 640), 800, 1333, (800, 1199)),
        ((300, 600), 800, 1333, (667, 1333)),
        ((500, 500), 800, 1333, (800, 800)),
        ((100, 100), 800, 400, (400, 400)),
        ((1, 4000), 800, 1333, (1, 1333)),
    ],
)
def test_short_side_is_resized_unless_the_long_side_passes_its_cap(
    size: tuple[int, int], short_side: int, cap: int, expected: tuple[int, int]
) -> None:
    assert resized(size, short_side, cap) == expected


def test_draws_come_from_the_generator_and_reach_every_choice() -> None:
    resize = Resize((64, 96), 200)

    def size(seed: int) -> tuple[int, int]:
        return drawn(make_scene((100, 150)), resize, seed=seed).size

    assert {size(seed) for seed in range(40)} == {(64, 96), (96, 144)}
    assert size(3) == size(3)


def test_sides_get_their_own_scales() -> None:
    # 427 x 640 at 800 is 800 x 1199: the long side is rounded.
    geometry = scaled(make_scene((427, 640)), resized((427, 640), 800, 1333)).pending
    assert geometry.size == (800, 1199)
    assert geometry.matrix.tolist() == [[1199 / 640, 0, 0], [0, 800 / 427, 0]]


def test_no_side_is_larger_than_it_says() -> None:
    resize = Resize((64, 96), 120)
    assert resize.largest((5000, 9000)) == (96, 120)
    for seed in range(20):
        size = drawn(make_scene((100, 300)), resize, seed=seed).size
        assert min(size) <= 96 and max(size) <= 120


def test_a_shrunken_picture_is_averaged() -> None:
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    small = np.asarray(resample(PilImage.fromarray(stripes), (2, 2)))
    assert small.shape == (2, 2, 3)
    assert (abs(small.astype(int) - 100) < 30).all()
