"""Polygons to one run-length mask, as the COCO API rasterises them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from longtail.rle.validation import MAX_PIXELS


def polygons_to_rle(
    polygons: Sequence[Sequence[float] | NDArray[np.float64]], height: int, width: int
) -> bytes:
    """The compressed string of the union of polygons.

    Args:
        polygons: At least one; each x, y, x, y, ... or (n, 2), in pixels, of 3 or more points.
        height: Rows of the image.
        width: Columns of the image.

    Raises:
        ValueError: A polygon is unusable; the message says which and why.
    """
    if not (1 <= height and 1 <= width and height * width <= MAX_PIXELS):
        raise ValueError(f"polygons in an image of {width} x {height} pixels")
    if not polygons:
        raise ValueError("there is no polygon")
    flat = [_flat_points(polygon, i, height, width) for i, polygon in enumerate(polygons)]
    parts = coco_mask.frPyObjects(flat, height, width)
    return bytes(coco_mask.merge(parts)["counts"])


def _flat_points(
    polygon: Sequence[float] | NDArray[np.float64], index: int, height: int, width: int
) -> list[float]:
    points = np.asarray(polygon, dtype=np.float64).reshape(-1)
    # pycocotools would read four numbers as a box.
    if len(points) % 2 or len(points) < 6:
        raise ValueError(f"polygon {index} has {len(points)} numbers, not 6 or a larger even count")
    # It also walks every pixel of an edge, so edges far outside would take memory for nothing.
    x, y = points[0::2], points[1::2]
    inside_x = (x >= -width) & (x <= 2 * width)
    inside_y = (y >= -height) & (y <= 2 * height)
    if not bool((inside_x & inside_y).all()):
        raise ValueError(f"polygon {index} has points that are not finite or far off the image")
    flat: list[float] = points.tolist()
    return flat
