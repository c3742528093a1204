"""Exchanging left and right. Sizes are (height, width)."""

import numpy as np
from PIL import Image as PilImage

from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others


class HorizontalFlip:
    """Some images are flipped.

    Args:
        probability: That an image is, in [0, 1].
    """

    def __init__(self, probability: float) -> None:
        self.probability = probability

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        matrix = np.array([[-1.0, 0, scene.size[1]], [0, 1, 0]])
        return scene.moved(Geometry(matrix, scene.size), _flipped)

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides


def _flipped(picture: PilImage.Image) -> PilImage.Image:
    return picture.transpose(PilImage.Transpose.FLIP_LEFT_RIGHT)
