"""Gaussian blur. Sizes are (height, width)."""

import numpy as np
from PIL import ImageFilter

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others


class Blur:
    """Some images are blurred.

    By Pillow: in whole numbers, whatever the picture's size, and the border's pixels go on beyond
    it. Its three box filters have the standard deviation that they are to have, from 0.3 pixels on;
    within the picture torchvision's kernel gives the same to a few of 255 levels from 1 pixel on.

    Args:
        sigmas: Standard deviations in pixels: the smallest and the largest, over 0.
        probability: That an image is blurred, in [0, 1].
    """

    def __init__(self, sigmas: tuple[float, float], probability: float) -> None:
        self.sigmas = sigmas
        self.probability = probability

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        kernel = ImageFilter.GaussianBlur(rng.uniform(*self.sigmas))
        return scene.recoloured(lambda picture: picture.filter(kernel))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides
