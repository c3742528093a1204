"""How an annotation file outlines one instance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Polygons:
    """The union of one or more rings.

    Attributes:
        rings: Each (n, 2) float64, x and y in pixels of the original image, n >= 3.
    """

    rings: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True)
class Rle:
    """A full-frame mask in COCO's compressed run-length form, already validated.

    Attributes:
        counts: The compressed runs, column by column.
        height: Rows of the image.
        width: Columns of the image.
    """

    counts: bytes
    height: int
    width: int


# None is an instance that was annotated with a box only.
Segmentation = Polygons | Rle | None
