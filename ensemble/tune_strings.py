"""Bytes of many rows, collected block after block: masks, grids.

D rows in all.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.rle.codec import select


class Strings:
    """One buffer for the strings of all rows; a row may have none."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.uint8]] = [np.zeros(0, np.uint8)]
        self._lengths: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]

    def add(
        self, data: NDArray[np.uint8], offsets: NDArray[np.int64], kept: NDArray[np.bool_]
    ) -> None:
        """Take rows of a block.

        Args:
            data: Their strings, one after the other.
            offsets: Where each one's string starts, and the end.
            kept: Whether a row keeps its string.
        """
        self._parts.append(select(data, offsets, np.flatnonzero(kept))[0])
        self._lengths.append(np.where(kept, np.diff(offsets), 0))

    def add_none(self, num_rows: int) -> None:
        """Take rows that have no strings."""
        self._lengths.append(np.zeros(num_rows, np.int64))

    def data(self) -> NDArray[np.uint8]:
        """The strings of all rows."""
        return np.concatenate(self._parts)

    def offsets(self) -> NDArray[np.int64]:
        """(D + 1,) where each row's string starts."""
        offsets: NDArray[np.int64] = np.cumsum(np.concatenate(self._lengths))
        return offsets
