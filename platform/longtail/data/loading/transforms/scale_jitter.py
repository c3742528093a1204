"""Resizing around the scale of test time. Sizes are (height, width)."""

import math

import numpy as np

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others
from longtail.data.loading.transforms.resize import resized, scaled


class ScaleJitter:
    """Short side and cap of a resize, both times a factor that is uniform between two.

    Args:
        short_side: Pixels at a factor of 1.
        long_side_cap: Pixels at a factor of 1; see `resized`.
        factors: The smallest and the largest, over 0.
    """

    def __init__(self, short_side: int, long_side_cap: int, factors: tuple[float, float]) -> None:
        self.short_side = short_side
        self.long_side_cap = long_side_cap
        self.factors = factors

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        factor = rng.uniform(*self.factors)
        size = resized(scene.size, self.short_side * factor, self.long_side_cap * factor)
        return scaled(scene, size)

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        short, long = (self.short_side * self.factors[1], self.long_side_cap * self.factors[1])
        return math.ceil(min(short, long)), math.ceil(long)
