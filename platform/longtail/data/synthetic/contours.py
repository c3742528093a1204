"""Polygons of a bitmap along the edges of its pixels: they enclose exactly its pixels."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Directions of a walk that has the shape on its right: right, down, left, up.
MOVES = ((1, 0), (0, 1), (-1, 0), (0, -1))


def outlines(bitmap: NDArray[np.bool_], smallest_part: int = 1) -> list[NDArray[np.int64]]:
    """Rings around the connected parts of an (H, W) bitmap, each (n, 2) x and y in pixels.

    The file format knows unions of polygons only, no holes: a part with a hole is cut along a
    column through the hole.

    Args:
        bitmap: True inside the shape.
        smallest_part: Parts of fewer pixels are left out.
    """
    parts, count = ndimage.label(bitmap)
    rings: list[NDArray[np.int64]] = []
    for i, window in enumerate(ndimage.find_objects(parts, count), start=1):
        part = parts[window] == i
        if part.sum() >= smallest_part:
            corner = np.array([window[1].start, window[0].start])
            rings += [ring + corner for ring in _outlines_of_part(part)]
    return rings


def _outlines_of_part(part: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    holes = ndimage.binary_fill_holes(part) & ~part
    if not holes.any():
        return [_walk_around(part)]
    columns = np.flatnonzero(holes.any(axis=0))
    cut = int(columns[len(columns) // 2])
    left, right = part.copy(), part.copy()
    left[:, cut:] = False
    right[:, :cut] = False
    return outlines(left) + outlines(right)


def _walk_around(part: NDArray[np.bool_]) -> NDArray[np.int64]:
    edges = _border_edges(part)
    x, y, direction = start = min(edges)
    ring = []
    while True:
        x, y = x + MOVES[direction][0], y + MOVES[direction][1]
        # Turning towards the shape first keeps parts that touch at a corner apart.
        turns = (direction + 1) % 4, direction, (direction + 3) % 4
        following = next(turn for turn in turns if (x, y, turn) in edges)
        if following != direction:
            ring.append((x, y))
        direction = following
        if (x, y, direction) == start:
            return np.array(ring, np.int64)


def _border_edges(part: NDArray[np.bool_]) -> set[tuple[int, int, int]]:
    """Start and direction of every pixel edge between the part and its surroundings."""
    padded = np.pad(part, 1)
    inside = padded[1:-1, 1:-1]
    neighbours = padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2]
    starts = (0, 0), (1, 0), (1, 1), (0, 1)
    edges = set()
    for direction, (neighbour, (dx, dy)) in enumerate(zip(neighbours, starts, strict=True)):
        for y, x in np.argwhere(inside & ~neighbour).tolist():
            edges.add((x + dx, y + dy, direction))
    return edges
