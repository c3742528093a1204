"""Hiding parts of a picture. Sizes are (height, width)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.loading.scenes.scene import GREY, Scene
from longtail.data.loading.transforms.base import Others
from longtail.data.loading.transforms.crop import drawn_corner, share_of


class Cutout:
    """Some images get grey rectangles, at random places within the picture.

    DeVries and Taylor 2017, with rectangles instead of squares. Pixels are hidden; boxes, masks and
    classes stay what the annotators outlined, so that a network learns to find what it sees a part
    of. Instances that are nearly hidden are dropped: see `Instances`.

    Args:
        numbers: Of rectangles: the smallest and the largest, each as likely.
        shares: Of height and width that a rectangle takes, drawn uniformly for each apart: the
            smallest and the largest, in (0, 1].
        probability: That an image loses something, in [0, 1].
    """

    def __init__(
        self, numbers: tuple[int, int], shares: tuple[float, float], probability: float
    ) -> None:
        self.numbers = numbers
        self.shares = shares
        self.probability = probability

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        scene = scene.settled()
        cover = self._cover(scene.size, rng)
        hidden = replace(scene, instances=scene.instances.not_hidden(cover))
        return hidden.recoloured(lambda picture: _greyed(picture, cover))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides

    def _cover(self, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
        cover = np.zeros(size, bool)
        for _ in range(int(rng.integers(*self.numbers, endpoint=True))):
            height, width = share_of(size, rng.uniform(*self.shares, 2))
            top, left = drawn_corner(size, (height, width), rng)
            cover[top : top + height, left : left + width] = True
        return cover


def _greyed(picture: PilImage.Image, cover: NDArray[np.bool_]) -> PilImage.Image:
    pixels = np.array(picture)
    pixels[cover] = GREY
    return PilImage.fromarray(pixels)
