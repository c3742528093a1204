"""Which detections of a block take part in fusion, and why the others do not.

D detections of one block, all sources together.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import read_number

TAKES_PART, LOW_SCORE, NO_MASK, EMPTY_MASK, EMPTY_BOX = range(5)
OUTCOMES = ("to_fusion", "below_score_thr", "without_mask", "empty_mask", "empty_box")


def box_shares(columns: DetectionColumns) -> NDArray[np.float64]:
    """(D, 4) xyxy in shares of the image's width and height, cut to [0, 1]."""
    sizes = np.stack([columns.widths, columns.heights], axis=1)
    corners = np.concatenate(
        [columns.boxes[:, :2] / sizes, (columns.boxes[:, :2] + columns.boxes[:, 2:]) / sizes],
        axis=1,
    )
    return corners.clip(0.0, 1.0)


def screen(
    columns: DetectionColumns, shares: NDArray[np.float64], score_thr: float
) -> NDArray[np.int64]:
    """(D,) index into `OUTCOMES`; where several hold, the first of them.

    Args:
        columns: The detections.
        shares: (D, 4) their boxes, from `box_shares`.
        score_thr: Lowest score that takes part.
    """
    areas = (shares[:, 2] - shares[:, 0]) * (shares[:, 3] - shares[:, 1])
    conditions = [
        columns.score < score_thr,
        ~columns.has_mask,
        ~has_foreground(columns.counts, columns.counts_offsets),
        ~(areas > 0),
    ]
    return np.select(conditions, [LOW_SCORE, NO_MASK, EMPTY_MASK, EMPTY_BOX], TAKES_PART)


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
