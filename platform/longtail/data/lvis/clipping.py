"""Polygons and boxes cut to their picture. Coordinates are continuous pixels."""

import numpy as np
from numpy.typing import NDArray


def xyxy_from_xywh(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(G, 4) corners of (G, 4) boxes given by a corner, width and height."""
    corners = boxes.copy()
    corners[:, 2:] += boxes[:, :2]
    return corners


def clip_boxes(boxes: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Clip (G, 4) xyxy boxes to [0, width] x [0, height]."""
    height, width = size
    return np.clip(boxes, 0, np.array([width, height, width, height], np.float64))


def clip_ring(ring: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Clip a (n, 2) ring to a picture of (height, width); the rest is folded onto the border.

    Once every edge has a vertex where it crosses a border line, clamping the vertices is exact:
    it moves only points outside, and those onto the border.
    """
    limits = np.array(size[::-1], np.float64)
    if (ring >= 0).all() and (ring <= limits).all():
        return ring
    for axis in (0, 1):
        for border in (0.0, limits[axis]):
            ring = _with_crossings(ring, axis, border)
    return np.clip(ring, 0, limits)


def _with_crossings(ring: NDArray[np.float64], axis: int, border: float) -> NDArray[np.float64]:
    following = np.roll(ring, -1, axis=0)
    start, end = ring[:, axis] - border, following[:, axis] - border
    crossing = np.flatnonzero(start * end < 0)
    share = (start[crossing] / (start[crossing] - end[crossing]))[:, None]
    points = ring[crossing] + share * (following[crossing] - ring[crossing])
    points[:, axis] = border
    return np.insert(ring, crossing + 1, points, axis=0)
