"""Areas, boxes and overlaps of masks from their runs, without a bitmap; which masks have no pixel.

M masks of flat runs and offsets, as `codec.decode_many` returns them. A run of 0 pixels anywhere
is allowed. Boxes are x, y, width, height in pixels, of whole pixels: a mask of one pixel at column
3, row 5 has the box 3, 5, 1, 1.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.rle.codec import read_number


@njit(cache=True, nogil=True)
def have_pixels(buffer: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(M,) whether each of M valid run-length strings has a foreground pixel.

    Args:
        buffer: Flat bytes of all strings.
        offsets: (M + 1,) where each string starts and ends; an empty one has no pixel.
    """
    result = np.zeros(len(offsets) - 1, dtype=np.bool_)
    for mask in range(len(result)):
        position, end = offsets[mask], offsets[mask + 1]
        last = before_last = np.int64(0)
        num_runs = 0
        # Odd runs are foreground, and nearly always the first of them has a pixel.
        while position < end and not result[mask]:
            run, position = read_number(buffer, position, end)
            if num_runs > 2:
                run += before_last
            result[mask] = num_runs % 2 == 1 and run > 0
            before_last, last = last, run
            num_runs += 1
    return result


@njit(cache=True, nogil=True)
def areas(runs: NDArray[np.int64], run_offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """(M,) foreground pixels of each mask."""
    result = np.zeros(len(run_offsets) - 1, dtype=np.int64)
    for mask in range(len(result)):
        for i in range(run_offsets[mask] + 1, run_offsets[mask + 1], 2):
            result[mask] += runs[i]
    return result


@njit(cache=True, nogil=True)
def boxes(
    runs: NDArray[np.int64], run_offsets: NDArray[np.int64], heights: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(M, 4) tight boxes; all zero for a mask without a pixel.

    Args:
        runs: Flat runs of all masks.
        run_offsets: (M + 1,) where each mask starts and ends in `runs`.
        heights: (M,) rows of each mask's image.
    """
    result = np.zeros((len(run_offsets) - 1, 4), dtype=np.float64)
    for mask in range(len(result)):
        first, last = run_offsets[mask], run_offsets[mask + 1]
        left, top, right, bottom = _corners(runs[first:last], heights[mask])
        result[mask, 0] = left
        result[mask, 1] = top
        result[mask, 2] = right - left
        result[mask, 3] = bottom - top
    return result


@njit(cache=True, nogil=True)
def intersection(runs_a: NDArray[np.int64], runs_b: NDArray[np.int64]) -> int:
    """Pixels in both of two masks of one image, by walking their runs side by side."""
    common = 0
    a = b = 0
    rest_a, rest_b = runs_a[0], runs_b[0]
    while True:
        step = min(rest_a, rest_b)
        # Odd runs are foreground.
        if a & b & 1:
            common += step
        rest_a -= step
        rest_b -= step
        if rest_a == 0:
            a += 1
            if a == len(runs_a):
                return common
            rest_a = runs_a[a]
        if rest_b == 0:
            b += 1
            if b == len(runs_b):
                return common
            rest_b = runs_b[b]


@njit(nogil=True)
def _corners(runs: NDArray[np.int64], height: int) -> tuple[np.int64, np.int64, np.int64, np.int64]:
    """Left, top, right and bottom of one mask, the latter two exclusive."""
    left = top = np.int64(2**62)
    right = bottom = position = np.int64(0)
    for i in range(len(runs)):
        end = position + runs[i]
        if i & 1 and end > position:
            first_column, first_row = divmod(position, height)
            last_column, last_row = divmod(end - 1, height)
            left = min(left, first_column)
            right = max(right, last_column + 1)
            if first_column == last_column:
                top = min(top, first_row)
                bottom = max(bottom, last_row + 1)
            else:
                # A run over a column's end covers the last row and the next column's first.
                top = np.int64(0)
                bottom = np.int64(height)
        position = end
    if right == 0:
        left = top = right
    return left, top, right, bottom
