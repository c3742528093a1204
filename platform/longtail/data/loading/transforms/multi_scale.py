"""Resizing to any length of the short side between two. Sizes are (height, width)."""

import numpy as np

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others
from longtail.data.loading.transforms.resize import resized, scaled


class MultiScale:
    """The short side gets a whole number of pixels, each between the bounds as likely.

    Args:
        smallest_side: In pixels.
        largest_side: In pixels, itself included.
        long_side_cap: See `resized`.
    """

    def __init__(self, smallest_side: int, largest_side: int, long_side_cap: int) -> None:
        self.smallest_side = smallest_side
        self.largest_side = largest_side
        self.long_side_cap = long_side_cap

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        short_side = int(rng.integers(self.smallest_side, self.largest_side, endpoint=True))
        return scaled(scene, resized(scene.size, short_side, self.long_side_cap))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return min(self.largest_side, self.long_side_cap), self.long_side_cap
