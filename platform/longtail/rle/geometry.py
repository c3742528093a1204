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


@njit(cache=True, nogil=True)
def iou_matrix(
    runs_a: NDArray[np.int64],
    offsets_a: NDArray[np.int64],
    runs_b: NDArray[np.int64],
    offsets_b: NDArray[np.int64],
    height: int,
) -> NDArray[np.float64]:
    """IoU of every mask of one set with every mask of another, all of one image.

    Masks without a pixel have an IoU of 0 with every mask, as in pycocotools.

    Args:
        runs_a: Flat runs of the A masks of the first set.
        offsets_a: (A + 1,) where each starts and ends.
        runs_b: Flat runs of the B masks of the second set.
        offsets_b: (B + 1,) where each starts and ends.
        height: Rows of the image.

    Returns:
        (A, B) float64 in [0, 1].
    """
    areas_a, areas_b = areas(runs_a, offsets_a), areas(runs_b, offsets_b)
    boxes_a = boxes(runs_a, offsets_a, np.full(len(areas_a), height))
    boxes_b = boxes(runs_b, offsets_b, np.full(len(areas_b), height))
    result = np.zeros((len(areas_a), len(areas_b)), dtype=np.float64)
    for a in range(len(areas_a)):
        for b in range(len(areas_b)):
            if _boxes_touch(boxes_a[a], boxes_b[b]):
                common = intersection(
                    runs_a[offsets_a[a] : offsets_a[a + 1]],
                    runs_b[offsets_b[b] : offsets_b[b + 1]],
                )
                result[a, b] = common / (areas_a[a] + areas_b[b] - common)
    return result


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


@njit(nogil=True)
def _boxes_touch(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    overlap_x = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    overlap_y = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return bool(overlap_x > 0 and overlap_y > 0)
