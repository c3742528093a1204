"""Several transforms as one; a new kind needs a class of its own and nothing else."""

import numpy as np
import pytest
from PIL import Image as PilImage
from support.scenes import drawn, make_scene, pixels_of, rectangle

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others, Transform, largest_sides
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip
from longtail.data.loading.transforms.resize import Resize

RESIZE, FLIP = Resize((80,), 1333), HorizontalFlip(1.0)


class Invert:
    """A colour transform: light becomes dark."""

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        return scene.recoloured(lambda picture: PilImage.fromarray(255 - np.asarray(picture)))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        return sides


class Beside:
    """A mix: a partner of the same height to the right of the picture."""

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        pair = [pixels_of(scene), pixels_of(others(None))]
        return scene.recoloured(lambda _: PilImage.fromarray(np.concatenate(pair, axis=1)))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        return sides[0], 2 * sides[1]


def _scene() -> Scene:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10:20, 6:24] = 255
    return make_scene(masks=[rectangle(6, 10, 24, 20)], pixels=pixels)


@pytest.mark.parametrize("transforms", [(RESIZE,), (RESIZE, FLIP), (FLIP, RESIZE), (FLIP,), ()])
def test_pixels_boxes_and_masks_move_together(transforms: tuple[Transform, ...]) -> None:
    scene = drawn(_scene(), *transforms)
    moved = pixels_of(scene)[..., 0] >= 128
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    found = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert found == scene.instances.boxes.tolist()[0]
    (mask,) = scene.instances.masks.items
    assert mask is not None and mask.bounds().tolist() == found


def test_nothing_leaves_a_picture_as_it_is() -> None:
    assert pixels_of(drawn(_scene())).tobytes() == pixels_of(_scene()).tobytes()
    assert largest_sides((), (40, 60)) == (40, 60)


def test_a_transform_of_colours_joins_those_of_places() -> None:
    plain, inverted = drawn(_scene(), RESIZE, FLIP), drawn(_scene(), RESIZE, Invert(), FLIP)
    assert np.array_equal(inverted.instances.boxes, plain.instances.boxes)
    assert np.array_equal(pixels_of(inverted), 255 - pixels_of(plain))
    assert largest_sides((RESIZE, Invert(), FLIP), (40, 60)) == (80, 1333)


def test_a_transform_draws_after_those_before_it() -> None:
    sizes = Resize((64, 96), 200)
    for seed in range(20):
        alone = drawn(_scene(), sizes, seed=seed)
        assert alone.size == drawn(_scene(), sizes, HorizontalFlip(0.5), seed=seed).size


def test_a_partner_has_been_through_what_stands_before_the_mix() -> None:
    partner = make_scene(pixels=np.full((40, 60, 3), 200, np.uint8))
    mixed = pixels_of(drawn(_scene(), Invert(), Beside(), FLIP, partner=partner))
    assert (mixed[:, :60] == 55).all()
    assert (mixed[10:20, 96:114] == 0).all()


def test_what_stands_before_several_mixes_acts_on_the_partners_of_each() -> None:
    partner = make_scene(pixels=np.full((40, 60, 3), 200, np.uint8))
    assert drawn(_scene(), Beside(), Beside(), partner=partner).size == (40, 240)
