"""A map of classes moves as the masks that it was painted from, whatever the transform."""

from typing import get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from support.scenes import drawn, make_scene

from longtail.config import augmentations as config
from longtail.config.mixing import InstanceJitter, Mixing
from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.masks import BitmapMask, InstanceMasks
from longtail.data.loading.transforms.build import build_transforms

SIZE = (40, 60)
OUTSIDE = 255
SQUARES = {1: (4, 8, 20, 24), 2: (30, 0, 40, 60), 3: (6, 40, 14, 56)}
"""Rows and columns of each class: (top, left, bottom, right), all even."""
CHANGES: dict[str, list[config.Augmentation]] = {
    "nothing": [],
    "doubled": [config.Resize(short_sides=(80,))],
    "halved": [config.Resize(short_sides=(20,))],
    "flipped": [config.HorizontalFlip(probability=1.0)],
    "doubled and flipped": [
        config.Resize(short_sides=(80,)),
        config.HorizontalFlip(probability=1.0),
    ],
    "flipped and halved": [
        config.HorizontalFlip(probability=1.0),
        config.Resize(short_sides=(20,)),
    ],
    "any length": [config.MultiScale(smallest_side=80, largest_side=80)],
    "a factor": [config.ScaleJitter(short_side=20, smallest=2.0, largest=2.0)],
    "cut to a square": [config.LargeScaleJitter(side=60, smallest=2.0, largest=2.0)],
    "filled up to a square": [config.LargeScaleJitter(side=120, smallest=0.5, largest=0.5)],
    "cut": [config.Crop(smallest=0.5, largest=0.7)],
    "turned": [config.Rotation(degrees=30, probability=1.0)],
    "other colours": [config.ColourJitter(), config.Blur(probability=1.0)],
    "hidden": [config.Cutout(probability=1.0)],
}


def _painted() -> NDArray[np.uint8]:
    classes = np.zeros(SIZE, np.uint8)
    for value, (top, left, bottom, right) in SQUARES.items():
        classes[top:bottom, left:right] = value
    return classes


def _whole(masks: InstanceMasks, size: tuple[int, int]) -> NDArray[np.uint8]:
    painted = np.zeros(size, np.uint8)
    for value, item in enumerate(masks.items, start=1):
        assert isinstance(item, BitmapMask)
        height, width = item.pixels.shape
        part = painted[item.y0 : item.y0 + height, item.x0 : item.x0 + width]
        part[item.pixels > 0] = value
    return painted


@pytest.mark.parametrize("name", CHANGES)
def test_a_map_moves_as_its_masks(name: str) -> None:
    transforms = build_transforms(CHANGES[name])
    masks = [BitmapMask.from_full((_painted() == value).astype(np.uint8)) for value in SQUARES]
    scene = drawn(make_scene(SIZE, masks, semantic=_painted()), *transforms)
    expected, moved = _whole(scene.instances.masks, scene.size), scene.semantic
    assert moved is not None
    assert moved.shape == scene.size and moved.dtype == np.uint8
    differ = np.where(moved == OUTSIDE, 0, moved) != expected
    if name == "turned":
        # At an edge the nearest pixel and the mean of four may disagree.
        differ &= ndimage.maximum_filter(expected, 3) == ndimage.minimum_filter(expected, 3)
    assert not differ.any()
    torch.from_numpy(moved)


def test_every_kind_of_augmentation_is_among_them() -> None:
    """Mixes have their own test: there each picture brings a map."""
    kinds = {type(step) for steps in CHANGES.values() for step in steps}
    union = get_args(get_args(config.Augmentation)[0])
    assert kinds == {kind for kind in union if not issubclass(kind, Mixing | InstanceJitter)}


@pytest.mark.parametrize("short_side", [27, 40, 53, 97])
def test_a_resized_map_takes_the_nearest_pixel(short_side: int) -> None:
    classes = np.random.default_rng(1).integers(0, 200, SIZE, np.uint8)
    resize = build_transforms([config.Resize(short_sides=(short_side,))])
    scene = drawn(make_scene(SIZE, semantic=classes), *resize)
    assert scene.semantic is not None
    rows, columns = (
        (np.arange(new) + 0.5) * old / new for new, old in zip(scene.size, SIZE, strict=True)
    )
    # A centre between two pixels may take either.
    clear = np.ix_(*(abs(places - places.round()) > 1e-9 for places in (rows, columns)))
    expected = classes[np.ix_(rows.astype(int), columns.astype(int))]
    assert np.array_equal(scene.semantic[clear], expected[clear])


def test_what_comes_from_outside_has_no_class() -> None:
    right = Geometry(np.array([[1.0, 0, 2], [0, 1, 0]]), (1, 4))
    assert right.classes(np.array([[5, 6, 7, 8]], np.uint8), OUTSIDE).tolist() == [[255, 255, 5, 6]]
