"""Exchanging left and right. Sizes are (height, width)."""

import numpy as np
from PIL import Image as PilImage

from longtail.data.loading.transforms.base import Change
from longtail.data.loading.transforms.geometry import Geometry


class HorizontalFlip:
    """Some images are flipped.

    Args:
        probability: That an image is, in [0, 1].
    """

    def __init__(self, probability: float) -> None:
        self.probability = probability

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> Change:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return Change.none(size)
        matrix = np.array([[-1.0, 0, size[1]], [0, 1, 0]])
        return Change(Geometry(matrix, size), _flipped)

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides


def _flipped(picture: PilImage.Image) -> PilImage.Image:
    return picture.transpose(PilImage.Transpose.FLIP_LEFT_RIGHT)
