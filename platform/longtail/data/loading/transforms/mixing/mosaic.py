"""Four pictures around a random centre: lvisTraveler 2020, section 2.1. Sizes are (height, width).

The report gives neither canvas nor centre; these are those of mmdetection's Mosaic, which resizes
every picture to half of the canvas first: here each keeps its size.
"""

import numpy as np

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others
from longtail.data.loading.transforms.mixing.tiles import assembled, quadrants


class Mosaic:
    """The picture and three others on a canvas of twice its sides, cut where they leave it.

    Args:
        probability: That an image is mixed, in [0, 1].
        centres: Shares of the canvas between which the centre lies, drawn for each side apart.
        drawn_by: Threshold of the repeat factors that partners are drawn by; None for uniform.
    """

    def __init__(
        self, probability: float, centres: tuple[float, float], drawn_by: float | None
    ) -> None:
        self.probability = probability
        self.centres = centres
        self.drawn_by = drawn_by

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        height, width = (2 * side for side in scene.size)
        x, y = (round(side * rng.uniform(*self.centres)) for side in (width, height))
        scenes = [scene, *(others(self.drawn_by) for _ in range(3))]
        return assembled((height, width), quadrants(scenes, (x, y), (height, width)))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return 2 * sides[0], 2 * sides[1]
