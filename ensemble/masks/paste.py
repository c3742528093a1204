"""A soft mask pasted into a strip of columns of its image, times its votes.

M x M cells in a grid. The values are those of `longtail.models.detections.paste`: lines of pixels
are mixed of rows of cells first, and columns of pixels of those.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.predictions.soft_masks import FULL

UNITS = 2.0**22
"""Parts of a byte of a grid; probability 1 is 255 times as many, below 2**30."""
ONE = FULL * UNITS
# Adding and subtracting it rounds a number below 2**51 to a whole one.
ROUND = 1.5 * 2.0**52


class Members(NamedTuple):
    """What a cluster's members are pasted from.

    Attributes:
        counts: Flat bytes of all run-length strings.
        counts_offsets: Where each row's string starts.
        cells: Flat bytes of all grids.
        cell_offsets: Where each row's grid starts.
        sides: Cells of a grid's side; 0 without a grid.
        boxes: x, y, width, height of each row.
    """

    counts: NDArray[np.uint8]
    counts_offsets: NDArray[np.int64]
    cells: NDArray[np.uint8]
    cell_offsets: NDArray[np.int64]
    sides: NDArray[np.int64]
    boxes: NDArray[np.float64]


@njit(nogil=True, error_model="numpy")
def touched(box: NDArray[np.float64], width: int, height: int, window: NDArray[np.int64]) -> None:
    """The pixels that a box x, y, width, height touches."""
    window[0] = min(max(np.floor(box[0]), 0.0), width)
    window[1] = min(max(np.floor(box[1]), 0.0), height)
    window[2] = min(max(np.ceil(box[0] + box[2]), 0.0), width)
    window[3] = min(max(np.ceil(box[1] + box[3]), 0.0), height)


@njit(nogil=True, error_model="numpy")
def _cell_of(pixel: int, low: float, high: float, side: int) -> tuple[int, float, float]:
    """The cell before a pixel's middle, counted from 1, its share, and that of the next one.

    Cells 0 and side + 1 are the nothing around the grid.
    """
    position = (pixel + 0.5 - low) / (high - low) * side - 0.5
    if not -1 < position < side:
        return 0, 0.0, 0.0
    before = np.floor(position)
    return int(before) + 1, 1 - (position - before), 1 - (before + 1 - position)


@njit(nogil=True, error_model="numpy")
def add_grid(
    of: Members,
    row: int,
    votes: int,
    window: NDArray[np.int64],
    start: int,
    stop: int,
    top: int,
    sums: NDArray[np.float64],
    lines: NDArray[np.float64],
) -> None:
    """Add votes times probabilities to the sums of a strip of columns.

    `lines` takes the grid resampled along the columns: a row for each column of cells.
    """
    side = of.sides[row]
    left, right = max(window[0], start), min(window[2], stop)
    low, high = of.boxes[row, 0], of.boxes[row, 0] + of.boxes[row, 2]
    # Middles of the outermost pixels may be off the grid.
    first = max(_cell_of(left, low, high, side)[0], 1)
    last = min(_cell_of(right - 1, low, high, side)[0], side - 1) + 1
    last = side if last == 1 else last
    _resample_lines(of, row, window, top, first, last, lines)
    for column in range(left, right):
        cell, share, other = _cell_of(column, low, high, side)
        here = slice(window[1] - top, window[3] - top)
        _accumulate(
            lines[cell][here],
            lines[cell + 1][here],
            share * UNITS,
            other * UNITS,
            float(votes),
            sums[column - start][here],
        )


@njit(nogil=True, error_model="numpy")
def _resample_lines(
    of: Members,
    row: int,
    window: NDArray[np.int64],
    top: int,
    first: int,
    last: int,
    lines: NDArray[np.float64],
) -> None:
    side = of.sides[row]
    grid = of.cells[of.cell_offsets[row] : of.cell_offsets[row + 1]]
    low, high = of.boxes[row, 1], of.boxes[row, 1] + of.boxes[row, 3]
    lines[0] = 0.0
    lines[side + 1] = 0.0
    for line in range(window[1], window[3]):
        cell, share, other = _cell_of(line, low, high, side)
        # Beyond the grid's first and last row of cells is nothing.
        above, below = max(cell - 1, 0), min(cell, side - 1)
        share = share if cell > 0 else 0.0
        other = other if cell < side else 0.0
        for c in range(first - 1, last):
            value = grid[above * side + c] * share + grid[below * side + c] * other
            lines[c + 1, line - top] = value


@njit(nogil=True, error_model="numpy")
def _accumulate(
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    share: float,
    other_share: float,
    votes: float,
    sums: NDArray[np.float64],
) -> None:
    for y in range(len(sums)):
        value = one[y] * share + other[y] * other_share
        sums[y] += votes * ((value + ROUND) - ROUND)
