"""What every transform offers, and several of them as one. Sizes are (height, width)."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Protocol

import numpy as np

from longtail.data.loading.scenes.scene import Scene

Draw = Callable[[float | None, np.random.Generator], Scene]
"""A picture as it is stored, drawn by the law of a threshold: `TrainingPictures.draw`."""
Others = Callable[[float | None], Scene]
"""A partner for a mix, drawn by the law of a threshold; it has been through the transforms before
this one."""


class Transform(Protocol):
    """A kind of change, with its parameters."""

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """Change a scene. All that is random comes from `rng`, and in a fixed order."""
        ...

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """Upper bounds of the short and the long side, given those of what comes in, in pixels."""
        ...


def transformed(
    transforms: Sequence[Transform], scene: Scene, rng: np.random.Generator, draw: Draw
) -> Scene:
    """Apply all transforms in their order; annotations are where they belong.

    Args:
        transforms: Those of a stage.
        scene: The picture that the sampler drew.
        rng: Of this image, by (seed, epoch, position).
        draw: Draws further pictures.
    """
    return _applied(transforms, scene, rng, draw).settled()


def largest_sides(transforms: Sequence[Transform], sides: tuple[int, int]) -> tuple[int, int]:
    """Upper bounds of the short and the long side after all transforms, in pixels."""
    return reduce(lambda bounds, transform: transform.largest(bounds), transforms, sides)


def _applied(
    transforms: Sequence[Transform], scene: Scene, rng: np.random.Generator, draw: Draw
) -> Scene:
    for number, transform in enumerate(transforms):
        before = transforms[:number]

        def others(law: float | None, before: Sequence[Transform] = before) -> Scene:
            return _applied(before, draw(law, rng), rng, draw)

        scene = transform(scene, rng, others)
    return scene
