"""Which detections of a block take part in fusion, and why the others do not.

D detections of one block, all sources together.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import read_number

TAKES_PART, NO_MASK, EMPTY_MASK, EMPTY_BOX, OTHER_CATEGORY, OTHER_SIZE, LOW_SCORE = range(7)
REASONS = (
    "to_fusion",
    "without_mask",
    "empty_mask",
    "empty_box",
    "other_group",
    "outside_valid_area",
    "below_score_thr",
)
UNUSABLE = (NO_MASK, EMPTY_MASK, EMPTY_BOX)


def box_shares(columns: DetectionColumns) -> NDArray[np.float64]:
    """(D, 4) xyxy as fractions of the image's width and height, cut to [0, 1]."""
    return _shares(columns.boxes, columns.widths, columns.heights)


def filter_reasons(
    columns: DetectionColumns,
    shares: NDArray[np.float64],
    score_threshold: float,
    trusted: NDArray[np.bool_],
    fits: NDArray[np.bool_],
    boxes_only: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """(D,) index into `REASONS`; where several hold, the first of them.

    Args:
        columns: The detections.
        shares: (D, 4) their boxes, from `box_shares`.
        score_threshold: Lowest score that takes part.
        trusted: (D,) whether the source is trusted with the category.
        fits: (D,) whether it is trusted with the size of the box.
        boxes_only: (D,) whether it has no masks at all, and needs none; None where all need one.
    """
    needs_mask = np.True_ if boxes_only is None else ~boxes_only
    areas = (shares[:, 2] - shares[:, 0]) * (shares[:, 3] - shares[:, 1])
    conditions = {
        NO_MASK: ~columns.has_mask & needs_mask,
        EMPTY_MASK: ~have_pixels(columns) & needs_mask,
        EMPTY_BOX: ~(areas > 0),
        OTHER_CATEGORY: ~trusted,
        OTHER_SIZE: ~fits,
        LOW_SCORE: columns.score < score_threshold,
    }
    return np.select([*conditions.values()], [*conditions], TAKES_PART)


@njit(cache=True, nogil=True)
def _shares(
    boxes: NDArray[np.float64], widths: NDArray[np.int64], heights: NDArray[np.int64]
) -> NDArray[np.float64]:
    shares = np.empty_like(boxes)
    for row in range(len(boxes)):
        for side in range(2):
            size = heights[row] if side else widths[row]
            low, high = boxes[row, side], boxes[row, side] + boxes[row, side + 2]
            shares[row, side] = min(max(low / size, 0.0), 1.0)
            shares[row, side + 2] = min(max(high / size, 0.0), 1.0)
    return shares


def have_pixels(columns: DetectionColumns) -> NDArray[np.bool_]:
    """(D,) whether a mask has a pixel."""
    found: NDArray[np.bool_] = has_foreground(columns.counts, columns.counts_offsets)
    return found


@njit(cache=True, nogil=True)
def has_foreground(
    counts: NDArray[np.uint8], counts_offsets: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(D,) whether a mask has a pixel: whether any of its runs of odd index is not empty.

    Only the start of a string is read, for the second run of most masks says it.
    """
    found = np.zeros(len(counts_offsets) - 1, np.bool_)
    for mask in range(len(found)):
        position = counts_offsets[mask]
        end = counts_offsets[mask + 1]
        run_index = 0
        while 0 <= position < end and not found[mask]:
            # Runs are stored as differences to the run before last, here always an empty one.
            number, position = read_number(counts, position, end)
            found[mask] = run_index % 2 == 1 and number > 0
            run_index += 1
    return found
