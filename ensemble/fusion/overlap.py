"""How much two detections overlap: by their boxes, or by their masks, run by run.

D detections of one image or more in one order; NMS, soft-NMS and WBF ask for pairs of them. The
exact overlap of two masks is asked for last: the tight boxes and the areas bound it from above.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.rle.fast_reader import read_number
from longtail.rle.geometry import intersection


class Shapes(NamedTuple):
    """What overlaps are computed from.

    Attributes:
        by_mask: Whether masks are compared, or boxes.
        boxes: (D, 4) float64 xyxy; the tight boxes of the masks, in pixels, where those count.
        areas: (D,) int64 pixels of each mask; empty where boxes count.
        runs: Flat int64 runs of all masks; empty where boxes count.
        run_offsets: (D + 1,) where each mask starts and ends in `runs`.
    """

    by_mask: bool
    boxes: NDArray[np.float64]
    areas: NDArray[np.int64]
    runs: NDArray[np.int64]
    run_offsets: NDArray[np.int64]


def box_shapes(boxes: NDArray[np.float64]) -> Shapes:
    """Compare (D, 4) xyxy boxes of positive area; the unit does not matter."""
    nothing = np.zeros(0, np.int64)
    return Shapes(False, boxes, nothing, np.zeros(0, np.int64), nothing)


def mask_shapes(
    counts: NDArray[np.uint8],
    counts_offsets: NDArray[np.int64],
    heights: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> Shapes:
    """Compare the masks of some rows; a mask without a pixel overlaps nothing.

    Args:
        counts: Flat bytes of all rows' valid run-length strings.
        counts_offsets: Where each row's string starts and ends.
        heights: Rows of pixels of each row's image.
        rows: (D,) the rows to compare, in their order. Only those of one image can be compared.
    """
    return Shapes(True, *_measure(counts, counts_offsets, heights, rows))


@njit(cache=True, nogil=True)
def _measure(
    counts: NDArray[np.uint8],
    counts_offsets: NDArray[np.int64],
    heights: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Tight boxes, areas, runs and where they start, in one pass over the strings."""
    num_bytes = 0
    for row in rows:
        num_bytes += counts_offsets[row + 1] - counts_offsets[row]
    # A run takes a byte at least.
    runs = np.empty(num_bytes, np.int64)
    run_offsets = np.zeros(len(rows) + 1, np.int64)
    boxes = np.zeros((len(rows), 4))
    areas = np.zeros(len(rows), np.int64)
    for i in range(len(rows)):
        start = counts_offsets[rows[i]]
        end = counts_offsets[rows[i] + 1]
        mine = runs[run_offsets[i] :]
        num_runs, areas[i] = _measure_one(counts, start, end, heights[rows[i]], mine, boxes[i])
        run_offsets[i + 1] = run_offsets[i] + num_runs
    return boxes, areas, runs[: run_offsets[-1]], run_offsets


@njit(nogil=True)
def _measure_one(
    counts: NDArray[np.uint8],
    position: np.int64,
    end: np.int64,
    height: np.int64,
    runs: NDArray[np.int64],
    box: NDArray[np.float64],
) -> tuple[int, np.int64]:
    """Write runs and box of one mask; return the number of runs and of pixels."""
    num_runs = 0
    area = column = line = right = bottom = np.int64(0)
    left = top = np.int64(2**31)
    while position < end:
        run, position = read_number(counts, position)
        if num_runs > 2:
            run += runs[num_runs - 2]
        runs[num_runs] = run
        is_foreground = num_runs % 2 == 1 and run > 0
        num_runs += 1
        if is_foreground:
            area += run
            left, top = min(left, column), min(top, line)
            if line + run > height:
                # The run goes on at the top of the next column.
                top, bottom = np.int64(0), height
            bottom = max(bottom, min(line + run, height))
        line += run
        if line >= height:
            line -= height
            column += 1
            if line >= height:
                column += line // height
                line %= height
        if is_foreground:
            right = max(right, column + (line > 0))
    if area > 0:
        box[0], box[1], box[2], box[3] = left, top, right, bottom
    return num_runs, area


@njit(nogil=True, error_model="numpy")
def box_overlap(boxes: NDArray[np.float64], i: int, j: int) -> float:
    """IoU of two of (D, 4) boxes xyxy."""
    width = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
    height = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    area = (boxes[i, 2] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 1])
    other = (boxes[j, 2] - boxes[j, 0]) * (boxes[j, 3] - boxes[j, 1])
    return float(shared / (area + other - shared))


@njit(nogil=True, error_model="numpy")
def mask_overlap(shapes: Shapes, i: int, j: int, floor: float) -> float:
    """IoU of the masks of rows i and j; maybe 0 where it is not over `floor`, at least 0."""
    boxes = shapes.boxes
    width = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
    height = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
    if width <= 0 or height <= 0:
        return 0.0
    total = shapes.areas[i] + shapes.areas[j]
    most = min(width * height, shapes.areas[i], shapes.areas[j])
    if most / (total - most) <= floor:
        return 0.0
    offsets = shapes.run_offsets
    common = intersection(
        shapes.runs[offsets[i] : offsets[i + 1]], shapes.runs[offsets[j] : offsets[j + 1]]
    )
    return float(common / (total - common))
