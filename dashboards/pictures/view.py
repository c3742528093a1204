"""The part of a picture that a thumbnail shows: all that is drawn, and some of its surroundings."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dashboards.pictures.judging import Shape

LONGEST = 240
"""Pixels of a thumbnail's longer side."""
MOST_ENLARGED = 4.0
MARGIN = 0.3
"""Around what is drawn, of its longer side."""
LEAST_PART = 0.22
"""Of the picture's sides that are always shown."""
LEAST_PIXELS = 64
"""Of them that are always shown, too."""
LEAST_RATIO = 0.6
"""Of the shorter side to the longer one, where the picture has room."""


@dataclass(frozen=True)
class View:
    """Attributes:
    left, top, right, bottom: Of the part, whole pixels of the picture.
    whole: It is all of the picture.
    """

    left: int
    top: int
    right: int
    bottom: int
    whole: bool

    @property
    def scale(self) -> float:
        """Thumbnail pixels for a pixel of the picture."""
        return min(MOST_ENLARGED, LONGEST / max(self.right - self.left, self.bottom - self.top))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the thumbnail."""
        width, height = self.right - self.left, self.bottom - self.top
        return max(1, round(self.scale * width)), max(1, round(self.scale * height))


def view_of(shapes: Iterable[Shape], height: int, width: int) -> View:
    """The view that shows all of some shapes; the whole picture where that is not much more.

    Args:
        shapes: What is drawn in any of the tiles that stand side by side.
        height: Of the picture, pixels.
        width: Of the picture, pixels.
    """
    whole = View(0, 0, width, height, whole=True)
    boxes = np.array([shape.box for shape in shapes]).reshape(-1, 4)
    if not len(boxes):
        return whole
    low = boxes[:, :2].min(axis=0)
    high = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    full = np.array([width, height])
    sides = high - low + 2 * MARGIN * (high - low).max()
    sides = np.maximum(sides, np.maximum(LEAST_PART * full, LEAST_PIXELS))
    sides = np.maximum(sides, LEAST_RATIO * sides.max())
    sides = np.minimum(np.ceil(sides), full)
    if sides.prod() > 0.7 * full.prod():
        return whole
    start = np.clip(np.floor((low + high) / 2 - sides / 2), 0, full - sides)
    left, top = start.astype(int).tolist()
    right, bottom = (start + sides).astype(int).tolist()
    return View(left, top, right, bottom, whole=False)
