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


def cut_ring(ring: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Clip a (n, 2) ring to a picture of (height, width) so that its bounds are those of what is
    seen.

    What `clip_ring` folds onto the border encloses nothing, but may run along the border for any
    length; here it stays within the box around the rest. (0, 2) if nothing is seen.
    """
    clipped = clip_ring(ring, size)
    if clipped is ring:
        return ring
    limits = np.array(size[::-1], np.float64)
    following = np.roll(clipped, -1, axis=0)
    on_border = np.zeros(len(clipped), bool)
    for line in (np.zeros(2), limits):
        on_border |= ((clipped == line) & (following == line)).any(axis=1)
    corners = limits * [[0, 0], [0, 1], [1, 0], [1, 1]]
    within = corners + (limits / 2 - corners) * 1e-9
    held = np.array([_holds(clipped, point) for point in within])
    seen = np.concatenate([clipped[~on_border], following[~on_border], corners[held]])
    if not len(seen):
        return np.zeros((0, 2))
    return np.clip(clipped, seen.min(axis=0), seen.max(axis=0))


def _holds(ring: NDArray[np.float64], point: NDArray[np.float64]) -> bool:
    """Whether a point lies inside: a ray to the right crosses an odd number of edges."""
    (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
    x, y = point
    crossing = np.flatnonzero((y0 > y) != (y1 > y))
    share = (y - y0[crossing]) / (y1[crossing] - y0[crossing])
    right = x0[crossing] + share * (x1[crossing] - x0[crossing]) > x
    return bool(np.count_nonzero(right) % 2)


def _with_crossings(ring: NDArray[np.float64], axis: int, border: float) -> NDArray[np.float64]:
    following = np.roll(ring, -1, axis=0)
    start, end = ring[:, axis] - border, following[:, axis] - border
    crossing = np.flatnonzero(start * end < 0)
    share = (start[crossing] / (start[crossing] - end[crossing]))[:, None]
    points = ring[crossing] + share * (following[crossing] - ring[crossing])
    points[:, axis] = border
    return np.insert(ring, crossing + 1, points, axis=0)
