"""Polygons as columns of points, written piece by piece. R rings, P points."""

from array import array

import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.records import Rings
from longtail.array_store import ArrayWriter

FLUSH_NUMBERS = 2**19


class RingWriter:
    """Appends polygons to the columns `points` and `ring_offsets`; remembers each one's bounds."""

    def __init__(self, writer: ArrayWriter) -> None:
        self._points = writer.stream("points", np.float64, (2,))
        self._ring_offsets = writer.stream("ring_offsets", np.int64)
        self._ring_offsets.append(np.zeros(1, dtype=np.int64))
        self._num_rings = 0
        self._num_points = 0
        self._pending = array("d")
        self._pending_offsets = array("q")
        self._pending_sizes = array("q")
        self._bounds = [np.empty((0, 4))]

    def append(self, rings: Rings) -> tuple[int, int]:
        """Add the rings of an instance, each x, y, x, y, ...; returns first ring and last + 1."""
        first, before = self._num_rings, self._num_points
        for ring in rings:
            self._pending.fromlist(ring)
            self._num_points += len(ring) // 2
            self._pending_offsets.append(self._num_points)
        self._num_rings += len(rings)
        self._pending_sizes.append(self._num_points - before)
        if len(self._pending) > FLUSH_NUMBERS:
            self._flush()
        return first, self._num_rings

    def finish(self) -> NDArray[np.float64]:
        """Write what is pending; returns the bounds xyxy of each instance's points."""
        if self._pending:
            self._flush()
        return np.concatenate(self._bounds)

    def _flush(self) -> None:
        points = np.frombuffer(self._pending).reshape(-1, 2)
        sizes = np.frombuffer(self._pending_sizes, dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
        self._bounds.append(np.hstack([low, high]))
        self._points.append(points)
        self._ring_offsets.append(np.frombuffer(self._pending_offsets, dtype=np.int64))
        self._pending, self._pending_offsets, self._pending_sizes = (
            array("d"),
            array("q"),
            array("q"),
        )
