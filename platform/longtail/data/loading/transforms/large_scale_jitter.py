"""Pictures of one size that show things at very different scales. Sizes are (height, width)."""

import numpy as np

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others
from longtail.data.loading.transforms.crop import drawn_corner, framed
from longtail.data.loading.transforms.resize import resized, scaled


class LargeScaleJitter:
    """The picture is made to fit a square, times a factor that is uniform between two; a square of
    it is cut out at a random place, and what is missing on the right and below is grey.

    Simple Copy-Paste (Ghiasi et al. 2021, section 3.1). The place is drawn for height and width
    apart, as by a crop; detectron2's `FixedSizeCrop` takes the same share of both.

    Args:
        side: Pixels of the square.
        factors: The smallest and the largest, over 0.
    """

    def __init__(self, side: int, factors: tuple[float, float]) -> None:
        self.side = side
        self.factors = factors

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        long_side = self.side * rng.uniform(*self.factors)
        large = scaled(scene, resized(scene.size, long_side, long_side))
        square = self.side, self.side
        return framed(large, square, drawn_corner(large.size, square, rng))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return self.side, self.side
