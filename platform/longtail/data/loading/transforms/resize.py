"""Resizing to one of several lengths of the short side. Sizes are (height, width)."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from PIL import Image as PilImage

from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others


class Resize:
    """The short side gets one of several lengths, each as likely.

    Args:
        short_sides: The lengths in pixels, at least one.
        long_side_cap: See `resized`.
    """

    def __init__(self, short_sides: Sequence[int], long_side_cap: int) -> None:
        self.short_sides = short_sides
        self.long_side_cap = long_side_cap

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        short_side = self.short_sides[int(rng.integers(len(self.short_sides)))]
        return scaled(scene, resized(scene.size, short_side, self.long_side_cap))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return max(self.short_sides), self.long_side_cap


def resized(size: tuple[int, int], short_side: float, long_side_cap: float) -> tuple[int, int]:
    """The size whose short side is `short_side` unless the long side would pass the cap.

    Rounds half up after both scalings, as detectron2's `ResizeShortestEdge`; at least one pixel.
    """
    return size_at(size, scale_of(size, short_side, long_side_cap))


def scale_of(size: tuple[int, int], short_side: float, long_side_cap: float) -> float:
    """The factor of `resized`."""
    scale = short_side / min(size)
    return long_side_cap / max(size) if max(size) * scale > long_side_cap else scale


def size_at(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """The size times a factor, rounded half up; at least one pixel."""
    height, width = (max(1, int(side * scale + 0.5)) for side in size)
    return height, width


def scaled(scene: Scene, size: tuple[int, int]) -> Scene:
    """The scene in another size."""
    matrix = np.zeros((2, 3))
    matrix[0, 0], matrix[1, 1] = size[1] / scene.size[1], size[0] / scene.size[0]
    return scene.moved(Geometry(matrix, size), partial(resample, size=size))


def resample(picture: PilImage.Image, size: tuple[int, int]) -> PilImage.Image:
    """The picture in another size: bilinear, averaging where it shrinks."""
    height, width = size
    return picture.resize((width, height), PilImage.Resampling.BILINEAR)
