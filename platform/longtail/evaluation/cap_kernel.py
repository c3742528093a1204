"""Which detections of an image are within the cap, as lvis-api decides it. S rows, N images."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def within_cap(
    scores: NDArray[np.float64], image_starts: NDArray[np.int64], max_dets: int
) -> NDArray[np.bool_]:
    """(S,) whether a row is among the `max_dets` best of its image; the earlier of equals is.

    Args:
        scores: (S,) of all rows, judged or not.
        image_starts: (N + 1,) where the rows of each image start.
        max_dets: At least 1.
    """
    kept = np.ones(len(scores), dtype=np.bool_)
    largest = 0
    for image in range(len(image_starts) - 1):
        largest = max(largest, image_starts[image + 1] - image_starts[image])
    workspace = np.empty((2, largest))
    for image in range(len(image_starts) - 1):
        start, end = image_starts[image], image_starts[image + 1]
        if end - start <= max_dets:
            continue
        for row in range(start, end):
            workspace[0, row - start] = scores[row]
        lowest_kept = _kth_smallest(workspace, end - start, end - start - max_dets)
        free = max_dets
        for row in range(start, end):
            kept[row] = scores[row] > lowest_kept
            free -= kept[row]
        for row in range(start, end):
            if free > 0 and scores[row] == lowest_kept:
                kept[row] = True
                free -= 1
    return kept


@njit(nogil=True)
def _kth_smallest(workspace: NDArray[np.float64], num: int, k: int) -> float:
    """Element k in rising order of the first `num` of row 0; both rows are overwritten.

    Every element is written, and the place for the next one moves on or not: without a branch to
    foresee this takes a quarter of the time of numpy's partition.
    """
    values, rest = workspace[0], workspace[1]
    while True:
        first, middle, last = values[0], values[num // 2], values[num - 1]
        pivot: float = max(min(first, middle), min(max(first, middle), last))
        num_below = 0
        for i in range(num):
            rest[num_below] = values[i]
            num_below += values[i] < pivot
        if k < num_below:
            values, rest, num = rest, values, num_below
            continue
        num_above = 0
        for i in range(num):
            rest[num_above] = values[i]
            num_above += values[i] > pivot
        if k < num - num_above:
            return pivot
        k -= num - num_above
        values, rest, num = rest, values, num_above
