"""Four whole pictures at one scale: Alibaba 2020, Algorithm 1. Sizes are (height, width)."""

from collections.abc import Sequence

import numpy as np

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others
from longtail.data.loading.transforms.mixing.tiles import assembled, quadrants
from longtail.data.loading.transforms.resize import resized, scale_of, scaled, size_at


class BalancedMosaic:
    """The picture and three others, resized by the one scale that the first one's shape gives.

    Where that scale would take another's long side beyond the cap, all four get the smaller one
    that does not: in the report nothing bounds a large picture beside a small first one.

    Args:
        probability: That an image is mixed, in [0, 1]; the others are resized alone.
        short_sides: The first picture's short side becomes one of these, each as likely, in pixels.
        long_side_cap: Bound of every long side, see `resized`.
        drawn_by: Threshold of the repeat factors that partners are drawn by; None for uniform.
    """

    def __init__(
        self,
        probability: float,
        short_sides: Sequence[int],
        long_side_cap: int,
        drawn_by: float | None,
    ) -> None:
        self.probability = probability
        self.short_sides = short_sides
        self.long_side_cap = long_side_cap
        self.drawn_by = drawn_by

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        short_side = self.short_sides[int(rng.integers(len(self.short_sides)))]
        if rng.random() >= self.probability:
            return scaled(scene, resized(scene.size, short_side, self.long_side_cap))
        scenes = [scene, *(others(self.drawn_by) for _ in range(3))]
        scale = scale_of(scene.size, short_side, self.long_side_cap)
        scale = min(scale, *(self.long_side_cap / max(other.size) for other in scenes))
        return _side_by_side([scaled(other, size_at(other.size, scale)) for other in scenes])

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`; standing and lying pictures may make both sides long."""
        return 2 * self.long_side_cap, 2 * self.long_side_cap


def _side_by_side(scenes: Sequence[Scene]) -> Scene:
    """Four scenes as quadrants of the smallest canvas that shows all of each."""
    heights, widths = np.array([scene.size for scene in scenes]).reshape(2, 2, 2).transpose(2, 0, 1)
    x, y = int(widths[:, 0].max()), int(heights[0].max())
    size = y + int(heights[1].max()), x + int(widths[:, 1].max())
    return assembled(size, quadrants(scenes, (x, y), size))
