"""Several transforms as one; a new kind needs a class of its own and nothing else."""

import numpy as np
import pytest
from PIL import Image as PilImage

from longtail.data.loading.transforms.base import (
    Change,
    Transform,
    draw_change,
    largest_sides,
)
from longtail.data.loading.transforms.geometry import Geometry
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip
from longtail.data.loading.transforms.resize import Resize

RESIZE, FLIP = Resize((80,), 1333), HorizontalFlip(1.0)


class Invert:
    """A colour transform: light becomes dark."""

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> Change:
        return Change(Geometry.unmoved(size), _inverted)

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        return sides


def _inverted(picture: PilImage.Image) -> PilImage.Image:
    return PilImage.fromarray(255 - np.asarray(picture))


def _drawn(*transforms: Transform, seed: int = 0) -> Change:
    return draw_change(transforms, (40, 60), np.random.default_rng(seed))


def _picture() -> PilImage.Image:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10:20, 6:24] = 255
    return PilImage.fromarray(pixels)


@pytest.mark.parametrize("transforms", [(RESIZE,), (RESIZE, FLIP), (FLIP, RESIZE), (FLIP,), ()])
def test_pixels_and_boxes_move_together(transforms: tuple[Transform, ...]) -> None:
    change = _drawn(*transforms)
    moved = np.asarray(change.pixels(_picture()))[..., 0] >= 128
    assert moved.shape == change.geometry.size
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    found = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert found == change.geometry.boxes(np.array([[6.0, 10, 24, 20]])).tolist()[0]


def test_nothing_leaves_a_picture_as_it_is() -> None:
    assert _drawn().pixels(_picture()).tobytes() == _picture().tobytes()
    assert largest_sides((), (40, 60)) == (40, 60)


def test_a_transform_of_colours_joins_those_of_places() -> None:
    plain, inverted = _drawn(RESIZE, FLIP), _drawn(RESIZE, Invert(), FLIP)
    assert inverted.geometry.size == plain.geometry.size
    assert np.array_equal(inverted.geometry.matrix, plain.geometry.matrix)
    before, after = (np.asarray(change.pixels(_picture())) for change in (plain, inverted))
    assert np.array_equal(after, 255 - before)
    assert largest_sides((RESIZE, Invert(), FLIP), (40, 60)) == (80, 1333)


def test_a_transform_draws_after_those_before_it() -> None:
    sizes = Resize((64, 96), 200)
    for seed in range(20):
        alone, first = _drawn(sizes, seed=seed), _drawn(sizes, HorizontalFlip(0.5), seed=seed)
        assert alone.geometry.size == first.geometry.size
