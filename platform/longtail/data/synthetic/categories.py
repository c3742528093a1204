"""The categories of a synthetic data set: what each looks like and how often it occurs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.data.synthetic.shapes import SHAPES

# Neighbours differ strongly: categories that share a shape get neighbouring colours.
COLOURS = {
    "red": (205, 40, 45),
    "blue": (40, 85, 205),
    "yellow": (238, 205, 45),
    "purple": (135, 55, 165),
    "green": (35, 150, 65),
    "pink": (245, 135, 185),
    "brown": (115, 70, 40),
    "cyan": (50, 195, 210),
    "orange": (245, 130, 30),
    "white": (240, 240, 235),
}
PATTERNS = ("striped", "checked", "dotted", "shaded", "speckled")
MARKS = ("banded", "spotted", "tipped", "edged", "cornered")
"""For sets of look-alikes: each covers a part of a shape; no category of the plain set has one."""
FILLS = ("plain", *(f"{tone}_{pattern}" for pattern in PATTERNS for tone in ("dark", "light")))

LARGEST_SHARE = 0.6
RARE_SHARE = 1 / 32
COMMON_SHARE = 1 / 10


@dataclass(frozen=True)
class Look:
    """What all instances of one category have in common."""

    shape: str
    colour: str
    fill: str

    @property
    def name(self) -> str:
        """Such as `dark_striped_red_star`."""
        return f"{self.fill}_{self.colour}_{self.shape}"


def looks(num_categories: int) -> list[Look]:
    """One look per category: the shape changes fastest, then the colour, then the fill.

    Raises:
        ValueError: There are not as many different looks.
    """
    shapes, colours = list(SHAPES), list(COLOURS)
    most = len(shapes) * len(colours) * len(FILLS)
    if not 1 <= num_categories <= most:
        raise ValueError(f"{num_categories} categories: there are looks for 1 to {most}")
    pairs = len(shapes) * len(colours)
    found = []
    for i in range(num_categories):
        shape, colour = i % len(shapes), (i // len(shapes) + i % len(shapes)) % len(colours)
        fill = (i // pairs + i % pairs) % len(FILLS)
        found.append(Look(shapes[shape], colours[colour], FILLS[fill]))
    return found


def image_shares(num_categories: int) -> NDArray[np.float64]:
    """(K,) share of the images that show each category, falling: Zipf's law.

    The exponent is 1, more where few categories have to reach from the most frequent one down to
    the rare.
    """
    rarest = 2 / 3 * RARE_SHARE
    spread = np.log(LARGEST_SHARE / rarest) / np.log(max(num_categories, 2))
    exponent = max(1.0, float(spread))
    ranks = np.arange(1, num_categories + 1, dtype=np.float64)
    return LARGEST_SHARE / ranks**exponent


def frequency_group(image_count: int, num_images: int) -> str:
    """The letter r, c or f of a category seen in so many of the training images.

    LVIS' own limits, 10 and 100 of 100,000 images, would make everything rare here: rare is up to
    1/32 of the images (at least one), common up to 1/10 (at least one more).
    """
    rare = max(1, int(num_images * RARE_SHARE))
    common = max(rare + 1, int(num_images * COMMON_SHARE))
    return "r" if image_count <= rare else "c" if image_count <= common else "f"
