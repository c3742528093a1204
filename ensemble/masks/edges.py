"""Where the runs of a mask begin and end, and votes added along them, strip by strip."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.rle.fast_reader import read_number


@njit(nogil=True)
def read_edges(
    counts: NDArray[np.uint8],
    height: int,
    edges: NDArray[np.int64],
    num_edges: np.int64,
    window: NDArray[np.int64],
) -> np.int64:
    """Write the pixels where runs of foreground begin and end to `edges[num_edges:]`.

    Args:
        counts: A valid string.
        height: Of the frame.
        edges: With room for a number per byte of the string.
        num_edges: How many are there already.
        window: Takes left, top, right, bottom of the pixels; left is over right without any.

    Returns:
        How many there are then.
    """
    position = pixel = before_last = last = np.int64(0)
    num_runs = 0
    window[0], window[1], window[2], window[3] = 2**31, 2**31, 0, 0
    while position < len(counts):
        number, position = read_number(counts, position)
        if num_runs > 2:
            number += before_last
        before_last, last = last, number
        if num_runs % 2 == 1 and number > 0:
            edges[num_edges], edges[num_edges + 1] = pixel, pixel + number
            num_edges += 2
            first, final = pixel // height, (pixel + number - 1) // height
            window[0], window[2] = min(window[0], first), max(window[2], final + 1)
            if first == final:
                window[1] = min(window[1], pixel % height)
                window[3] = max(window[3], (pixel + number - 1) % height + 1)
            else:
                window[1], window[3] = 0, height
        pixel += number
        num_runs += 1
    return num_edges


@njit(nogil=True)
def add_edges(
    edges: NDArray[np.int64],
    place: NDArray[np.int64],
    start: int,
    stop: int,
    height: int,
    top: int,
    gain: float,
    sums: NDArray[np.float64],
) -> np.int64:
    """Add to the sums of columns `start` to `stop` what lies in a mask there.

    Args:
        edges: From `read_edges`.
        place: Where in it the first run is that reaches the strip, and the end of the mask's.
        start: First column.
        stop: One past the last.
        height: Of the frame.
        top: Line of the frame that the sums begin with.
        gain: What to add.
        sums: A row for each column of the strip.

    Returns:
        Where the first run is that goes beyond the strip.
    """
    run: np.int64 = place[0]
    while run < place[1] and edges[run] < stop * height:
        pixel, end = max(edges[run], start * height), min(edges[run + 1], stop * height)
        while pixel < end:
            column = pixel // height
            piece = min(end, (column + 1) * height)
            first = pixel - column * height - top
            line_sums = sums[column - start]
            for y in range(first, first + piece - pixel):
                line_sums[y] += gain
            pixel = piece
        if edges[run + 1] > stop * height:
            break
        run += 2
    return run
