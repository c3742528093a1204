"""Rows of different length in two flat arrays (CSR)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Ragged(NamedTuple):
    """N rows: row i is `values[offsets[i]:offsets[i + 1]]`.

    Attributes:
        offsets: (N + 1,) int64, from 0 to the number of values.
        values: The rows one after the other.
    """

    offsets: NDArray[np.int64]
    values: NDArray[np.int64]

    def row(self, index: int) -> NDArray[np.int64]:
        """The values of one row, a view."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def row_of_value(self) -> NDArray[np.int64]:
        """The row of each value, same length as `values`."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


def offsets_from_lengths(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """(N + 1,) where each of N rows starts and the last one ends."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def ragged_from_rows(rows: Sequence[Sequence[int]]) -> Ragged:
    """Join rows given one by one."""
    values = [value for row in rows for value in row]
    return Ragged(
        offsets_from_lengths([len(row) for row in rows]), np.array(values, dtype=np.int64)
    )


def ragged_from_groups(
    row_of_value: NDArray[np.int64], values: NDArray[np.int64], num_rows: int
) -> Ragged:
    """Put each value in its row; values of a row keep their order."""
    order = np.argsort(row_of_value, kind="stable")
    return Ragged(
        offsets_from_lengths(np.bincount(row_of_value, minlength=num_rows)), values[order]
    )


def ragged_from_unique(
    row_of_value: NDArray[np.int64], values: NDArray[np.int64], num_rows: int
) -> Ragged:
    """Put each value in its row, ascending and once; values are not negative."""
    num_values = int(values.max(initial=0)) + 1
    rows, values = np.divmod(np.unique(row_of_value * num_values + values), num_values)
    return Ragged(offsets_from_lengths(np.bincount(rows, minlength=num_rows)), values)
