"""The rows of a block in fusing order, in one group per image and category.

D detections, of which L are sorted; S groups. A group holds the detections that may suppress
or join one another: those of one category in one image. It is walked from the highest score down.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Columns = tuple[
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.uint8],
    NDArray[np.int64],
]
"""Scores, sources, boxes, mask bytes and where each row's start, as in `sort_into_groups`."""

# Rows that are sorted by insertion before merges take over.
STRETCH = 32


@dataclass(frozen=True, eq=False)
class ImageCategoryGroups:
    """Rows by group, best first.

    Attributes:
        order: (L,) int64, rows of the block in fusing order.
        starts: (S + 1,) int64; group s is `order[starts[s]:starts[s + 1]]`, maybe empty.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]


def sort_into_groups(
    rows: NDArray[np.int64],
    keys: NDArray[np.int64],
    num_keys: int,
    scores: NDArray[np.float64],
    sources: NDArray[np.int64],
    boxes: NDArray[np.float64],
    counts: NDArray[np.uint8],
    counts_offsets: NDArray[np.int64],
) -> ImageCategoryGroups:
    """Sort rows by group, then falling score.

    The order does not depend on the order of the rows given: equal scores go by source, then by
    box, then by the bytes of the mask, and rows equal in all of these are the same detection.

    Args:
        rows: (L,) the rows to sort, each once.
        keys: (D,) group of each row, in [0, num_keys).
        num_keys: Number of groups.
        scores: (D,) what rows are ranked by; never NaN.
        sources: (D,) index of the source of each row.
        boxes: (D, 4) any box coding.
        counts: Mask bytes of all rows, one after the other.
        counts_offsets: (D + 1,) where each row's mask bytes start.
    """
    order, starts = _place(rows, keys, num_keys)
    _sort(order, starts, (scores, sources, boxes, counts, counts_offsets))
    return ImageCategoryGroups(order, starts)


@njit(cache=True, nogil=True)
def _place(
    rows: NDArray[np.int64], keys: NDArray[np.int64], num_keys: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows by group, in the order given, and where each group starts."""
    starts = np.zeros(num_keys + 1, np.int64)
    for row in rows:
        starts[keys[row] + 1] += 1
    ends = np.empty(num_keys, np.int64)
    for key in range(num_keys):
        ends[key] = starts[key]
        starts[key + 1] += starts[key]
    order = np.empty(len(rows), np.int64)
    for row in rows:
        order[ends[keys[row]]] = row
        ends[keys[row]] += 1
    return order, starts


@njit(cache=True, nogil=True, error_model="numpy")
def _sort(order: NDArray[np.int64], starts: NDArray[np.int64], columns: Columns) -> None:
    """Sort each group: merges of stretches that are sorted by insertion.

    Most groups are one stretch, and a source's rows come with falling scores, so that few of
    them move.
    """
    spare = np.empty(len(order), np.int64)
    for group in range(len(starts) - 1):
        start = starts[group]
        end = starts[group + 1]
        for first in range(start, end, STRETCH):
            _insert(order, first, min(first + STRETCH, end), columns)
        width = STRETCH
        while width < end - start:
            for left in range(start, end - width, 2 * width):
                middle = left + width
                _merge(order, spare, left, middle, min(middle + width, end), columns)
            width *= 2


@njit(nogil=True, error_model="numpy")
def _insert(order: NDArray[np.int64], first: int, end: int, columns: Columns) -> None:
    for place in range(first + 1, end):
        row = order[place]
        position = place
        while position > first and _precedes(row, order[position - 1], columns):
            order[position] = order[position - 1]
            position -= 1
        order[position] = row


@njit(nogil=True, error_model="numpy")
def _merge(
    order: NDArray[np.int64],
    spare: NDArray[np.int64],
    left: int,
    middle: int,
    right: int,
    columns: Columns,
) -> None:
    """Merge two sorted neighbours; `spare` holds the first meanwhile."""
    for place in range(left, middle):
        spare[place] = order[place]
    place = left
    first = left
    second = middle
    while first < middle and second < right:
        if _precedes(order[second], spare[first], columns):
            order[place] = order[second]
            second += 1
        else:
            order[place] = spare[first]
            first += 1
        place += 1
    for rest in range(first, middle):
        order[place + rest - first] = spare[rest]


@njit(nogil=True, error_model="numpy")
def _precedes(row: int, other: int, columns: Columns) -> bool:
    scores, sources, boxes, counts, counts_offsets = columns
    if scores[row] != scores[other]:
        return bool(scores[row] > scores[other])
    if sources[row] != sources[other]:
        return bool(sources[row] < sources[other])
    for side in range(4):
        if boxes[row, side] != boxes[other, side]:
            return bool(boxes[row, side] < boxes[other, side])
    length = counts_offsets[row + 1] - counts_offsets[row]
    other_length = counts_offsets[other + 1] - counts_offsets[other]
    for i in range(min(length, other_length)):
        byte = counts[counts_offsets[row] + i]
        other_byte = counts[counts_offsets[other] + i]
        if byte != other_byte:
            return bool(byte < other_byte)
    return bool(length < other_length)
