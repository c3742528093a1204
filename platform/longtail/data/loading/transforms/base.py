"""What every transform offers, and several of them as one. Sizes are (height, width)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol, Self

import numpy as np
from PIL import Image as PilImage

from longtail.data.loading.transforms.geometry import Geometry

Pixels = Callable[[PilImage.Image], PilImage.Image]


def same_pixels(picture: PilImage.Image) -> PilImage.Image:
    """The picture as it is."""
    return picture


@dataclass(frozen=True, eq=False)
class Change:
    """What was drawn for one image.

    Attributes:
        geometry: Where its pixels go; for a colour transform `Geometry.unmoved`.
        pixels: Makes the new RGB picture, of `geometry.size`, of the old one.
    """

    geometry: Geometry
    pixels: Pixels

    @classmethod
    def none(cls, size: tuple[int, int]) -> Self:
        """A picture of this size stays as it is."""
        return cls(Geometry.unmoved(size), same_pixels)

    def then(self, following: "Change") -> "Change":
        """Both changes as one, this one first."""
        return Change(
            self.geometry.then(following.geometry),
            lambda picture: following.pixels(self.pixels(picture)),
        )


class Transform(Protocol):
    """A kind of change, with its parameters."""

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> Change:
        """Draw the change of an image of this size; all that is random comes from `rng`."""
        ...

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """Upper bounds of the short and the long side, given those of what comes in, in pixels."""
        ...


def draw_change(
    transforms: Sequence[Transform], size: tuple[int, int], rng: np.random.Generator
) -> Change:
    """Draw all transforms of an image of this size, in their order, as one change."""
    change = Change.none(size)
    for transform in transforms:
        change = change.then(transform.draw(change.geometry.size, rng))
    return change


def largest_sides(transforms: Sequence[Transform], sides: tuple[int, int]) -> tuple[int, int]:
    """Upper bounds of the short and the long side after all transforms, in pixels."""
    return reduce(lambda bounds, transform: transform.largest(bounds), transforms, sides)
