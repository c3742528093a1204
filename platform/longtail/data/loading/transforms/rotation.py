"""Turning a picture. Sizes are (height, width)."""

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.scene import GREY, Scene
from longtail.data.loading.transforms.base import Others


class Rotation:
    """Some images are turned around their centre in a frame of the same size.

    Args:
        degrees: The angle is uniform between minus and plus this.
        probability: That an image is turned, in [0, 1].
    """

    def __init__(self, degrees: float, probability: float) -> None:
        self.degrees = degrees
        self.probability = probability

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        return turned(scene, rng.uniform(-self.degrees, self.degrees))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides


def turned(scene: Scene, degrees: float) -> Scene:
    """The scene turned counter-clockwise around its centre; grey where nothing is shown.

    Pixels are interpolated bilinearly. Whole turns change nothing; where a right angle takes
    pixels to pixels, they are the same ones.
    """
    if degrees % 360 == 0:
        return scene
    geometry = Geometry(_matrix(scene.size, degrees), scene.size)
    return scene.moved(geometry, partial(_turned, degrees=degrees))


def _matrix(size: tuple[int, int], degrees: float) -> NDArray[np.float64]:
    # Rounded as by Pillow, so that right angles are exact.
    angle = math.radians(degrees % 360)
    cosine, sine = round(math.cos(angle), 15), round(math.sin(angle), 15)
    # y points down.
    linear = np.array([[cosine, sine], [-sine, cosine]])
    centre = np.array([size[1] / 2, size[0] / 2])
    return np.column_stack([linear, centre - linear @ centre])


def _turned(picture: PilImage.Image, degrees: float) -> PilImage.Image:
    return picture.rotate(degrees, PilImage.Resampling.BILINEAR, fillcolor=GREY)
