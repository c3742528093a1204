"""Checks of run-length strings that come from outside, before anything else reads them.

pycocotools hangs on a truncated string and returns uninitialised memory for a short one, so no
string of a file reaches it, or our own kernels, unchecked. A check walks the string once and
allocates nothing, whatever size the file claims.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.rle.codec import MAX_DIGITS, pack

MAX_PIXELS = 2**31 - 1

OK, BAD_SIZE, EMPTY, MALFORMED, NEGATIVE_RUN, TOO_MANY_RUNS, TOO_SHORT, TOO_LONG = range(8)

FAULT_TEXTS = {
    BAD_SIZE: "the size is not positive, or over 2**31 pixels",
    EMPTY: "counts is empty",
    MALFORMED: "counts is truncated or holds characters that COCO's RLE does not use",
    NEGATIVE_RUN: "counts holds a run of negative length",
    TOO_MANY_RUNS: "counts holds more runs than the image has pixels",
    TOO_SHORT: "the runs cover fewer pixels than height x width",
    TOO_LONG: "the runs cover more pixels than height x width",
}


def find_fault(counts: bytes, height: int, width: int) -> str | None:
    """What is wrong with one compressed string for a mask of this size; None if it is sound.

    Args:
        counts: COCO's compressed counts, any bytes.
        height: Rows that the mask must have.
        width: Columns that the mask must have.
    """
    if not (1 <= height <= MAX_PIXELS and 1 <= width <= MAX_PIXELS):
        return FAULT_TEXTS[BAD_SIZE]
    buffer, offsets = pack([counts])
    codes = find_faults(buffer, offsets, np.array([height]), np.array([width]))
    return FAULT_TEXTS.get(int(codes[0]))


@njit(cache=True, nogil=True)
def find_faults(
    buffer: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    heights: NDArray[np.int64],
    widths: NDArray[np.int64],
) -> NDArray[np.int8]:
    """The fault of each of M strings as a key of `FAULT_TEXTS`, `OK` (0) for a sound one.

    Args:
        buffer: Flat bytes of all strings.
        offsets: (M + 1,) where each string starts and ends in `buffer`.
        heights: (M,) rows that each mask must have.
        widths: (M,) columns that each mask must have.

    Returns:
        (M,) int8 codes.
    """
    codes = np.empty(len(heights), dtype=np.int8)
    for mask in range(len(heights)):
        height, width = heights[mask], widths[mask]
        if height < 1 or width < 1 or height > MAX_PIXELS // width:
            codes[mask] = BAD_SIZE
        else:
            codes[mask] = _fault_of(buffer, offsets[mask], offsets[mask + 1], height * width)
    return codes


@njit(nogil=True)
def _fault_of(buffer: NDArray[np.uint8], start: int, end: int, num_pixels: int) -> int:
    if start == end:
        return EMPTY
    num_runs = shift = 0
    covered = last = before_last = run = np.int64(0)
    # As `codec.read_number`, in one loop over the characters: compiled, it is twice as fast.
    for position in range(start, end):
        digit = np.int64(buffer[position]) - 48
        if digit < 0 or digit > 63:
            return MALFORMED
        run |= (digit & 0x1F) << shift
        shift += 5
        if digit & 0x20:
            if shift == 5 * MAX_DIGITS:
                return MALFORMED
            continue
        if digit & 0x10:
            run |= np.int64(-1) << shift
        if num_runs > 2:
            run += before_last
        if run < 0:
            return NEGATIVE_RUN
        covered += run
        if covered > num_pixels:
            return TOO_LONG
        num_runs += 1
        before_last, last = last, run
        run, shift = np.int64(0), 0
    if shift:
        return MALFORMED
    # An image starting with foreground has one run more than pixels at most.
    if num_runs > num_pixels + 1:
        return TOO_MANY_RUNS
    return OK if covered == num_pixels else TOO_SHORT
