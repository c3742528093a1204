"""Rows that repeat another one exactly, as the padding of a distributed sampler leaves them.

D detections, sorted by image.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.predictions.columns import DetectionColumns

FREE = -1
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(29)


def find_repeats(columns: DetectionColumns) -> NDArray[np.bool_]:
    """(D,) whether image, category, scores, box and mask are those of an earlier row, bit by bit.

    Grids of soft masks are not compared.
    """
    found: NDArray[np.bool_] = _find(
        np.ascontiguousarray(columns.image_id),
        np.ascontiguousarray(columns.category_id),
        _bits(columns.score),
        _bits(columns.score_mask),
        _bits(columns.boxes),
        columns.counts,
        np.ascontiguousarray(columns.counts_offsets),
    )
    return found


def without_repeats(columns: DetectionColumns) -> DetectionColumns:
    """The rows that repeat no earlier one."""
    repeats = find_repeats(columns)
    return columns.take(~repeats) if repeats.any() else columns


def _bits(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.ascontiguousarray(values, dtype=np.float64).view(np.int64)


@njit(cache=True, nogil=True)
def _find(
    image_id: NDArray[np.int64],
    category_id: NDArray[np.int64],
    score: NDArray[np.int64],
    score_mask: NDArray[np.int64],
    boxes: NDArray[np.int64],
    counts: NDArray[np.uint8],
    offsets: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """A hash table of the rows of each image; what shares a place is compared in full."""
    num_rows = len(image_id)
    repeats = np.zeros(num_rows, np.bool_)
    table = np.full(16, FREE, np.int64)
    start = 0
    while start < num_rows:
        end = start + 1
        while end < num_rows and image_id[end] == image_id[start]:
            end += 1
        if 2 * (end - start) > len(table):
            size = len(table)
            while size < 2 * (end - start):
                size *= 2
            table = np.full(size, FREE, np.int64)
        else:
            table[:] = FREE
        last = np.uint64(len(table) - 1)
        for row in range(start, end):
            mixed = _mix(np.uint64(category_id[row]), score[row])
            for side in range(4):
                mixed = _mix(mixed, boxes[row, side])
            place = (mixed >> SHIFT) & last
            while table[place] != FREE:
                other = table[place]
                same = category_id[row] == category_id[other] and score[row] == score[other]
                same = same and score_mask[row] == score_mask[other]
                for side in range(4):
                    same = same and boxes[row, side] == boxes[other, side]
                if same and _same_mask(counts, offsets, row, other):
                    repeats[row] = True
                    break
                place = (place + np.uint64(1)) & last
            if not repeats[row]:
                table[place] = row
        start = end
    return repeats


@njit(nogil=True)
def _mix(mixed: np.uint64, bits: np.int64) -> np.uint64:
    product: np.uint64 = (mixed ^ np.uint64(bits)) * MULTIPLIER
    return product ^ (product >> SHIFT)


@njit(nogil=True)
def _same_mask(counts: NDArray[np.uint8], offsets: NDArray[np.int64], row: int, other: int) -> bool:
    length = offsets[row + 1] - offsets[row]
    if offsets[other + 1] - offsets[other] != length:
        return False
    for i in range(length):
        if counts[offsets[row] + i] != counts[offsets[other] + i]:
            return False
    return True
