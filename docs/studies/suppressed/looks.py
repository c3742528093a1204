"""300 categories: 30 plain shapes of a colour, and nine marked ones of each that look almost alike.

A mark covers some 10 to 30 percent of the shape. Every mark is common on ten of the shapes and rare
on the other twenty, so that a network can learn to see it, and what a rare category lacks are
examples of its own. Frequencies fall with the rank by Zipf's law, steeper towards the tail, through
the numbers of `KNOTS`; groups have LVIS' own limits, as in the study of the tail.

K categories, by index: all plain ones first, then the common ones, then the rare ones.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.data.synthetic.categories import MARKS, Look

SHAPES = ("disc", "square", "triangle", "star", "heart", "hexagon")
COLOURS = ("red", "blue", "yellow", "green", "purple")
FILLS = tuple(f"{tone}_{mark}" for mark in MARKS for tone in ("dark", "light"))[:9]
COMMON_OF = 3
"""Of the marks of a shape every third is common."""
KNOTS = {1: 500, 30: 108, 31: 60, 120: 11, 121: 10, 300: 2}
"""Training images that show the category of a rank; between two ranks a power law."""


def parents() -> list[tuple[str, str]]:
    """(shape, colour) of the 30 plain categories; neighbours differ in both."""
    return [
        (shape, COLOURS[(i + j) % len(COLOURS)])
        for j in range(len(COLOURS))
        for i, shape in enumerate(SHAPES)
    ]


def looks() -> list[Look]:
    """What the categories look like, by falling frequency."""
    plain = [Look(shape, colour, "plain") for shape, colour in parents()]
    marked = [
        (mark_is_common(number, mark), Look(shape, colour, fill))
        for mark, fill in enumerate(FILLS)
        for number, (shape, colour) in enumerate(parents())
    ]
    common = [look for is_common, look in marked if is_common]
    rare = [look for is_common, look in marked if not is_common]
    return [*plain, *common, *rare]


def mark_is_common(parent: int, mark: int) -> bool:
    """Whether a mark is common on a shape, both by index."""
    return (parent + mark) % COMMON_OF == 0


def image_counts() -> NDArray[np.int64]:
    """(K,) training images that are to show each category."""
    ranks = np.arange(1, max(KNOTS) + 1)
    logs = np.interp(np.log(ranks), np.log(list(KNOTS)), np.log(list(KNOTS.values())))
    return np.rint(np.exp(logs)).astype(np.int64)
