"""Telling masks without a pixel from the others, at the cost of two runs a mask."""

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
