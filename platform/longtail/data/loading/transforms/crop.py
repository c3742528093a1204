"""Cutting out a part of the picture. Sizes are (height, width)."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.scene import GREY, Scene
from longtail.data.loading.transforms.base import Others


class Crop:
    """Some images lose all but a rectangle at a random place, each place as likely.

    Args:
        shares: Of height and width that are kept, drawn uniformly for each apart: the smallest and
            the largest, in (0, 1].
        probability: That an image is cut, in [0, 1].
    """

    def __init__(self, shares: tuple[float, float], probability: float) -> None:
        self.shares = shares
        self.probability = probability

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        size = share_of(scene.size, rng.uniform(*self.shares, 2))
        return framed(scene, size, drawn_corner(scene.size, size, rng))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides


def share_of(size: tuple[int, int], shares: NDArray[np.float64]) -> tuple[int, int]:
    """Shares of height and width in whole pixels, rounded half up; at least one pixel."""
    height, width = np.maximum(1, np.multiply(size, shares) + 0.5).astype(int).tolist()
    return height, width


def drawn_corner(
    size: tuple[int, int], part: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int]:
    """Where a part of a picture begins, (top, left): anywhere within; at 0 where it is larger."""
    top, left = rng.integers(0, np.maximum(0, np.subtract(size, part)), endpoint=True).tolist()
    return top, left


def framed(scene: Scene, size: tuple[int, int], corner: tuple[int, int] = (0, 0)) -> Scene:
    """What a frame of that size shows of a scene; grey beyond it.

    Args:
        scene: Any.
        size: Of the frame.
        corner: (top, left) of the frame in the picture.
    """
    top, left = corner
    geometry = Geometry(np.array([[1.0, 0, -left], [0, 1, -top]]), size)
    return scene.moved(geometry, partial(_framed, size=size, corner=corner))


def _framed(
    picture: PilImage.Image, size: tuple[int, int], corner: tuple[int, int]
) -> PilImage.Image:
    shown = PilImage.new("RGB", size[::-1], GREY)
    shown.paste(picture, (-corner[1], -corner[0]))
    return shown
