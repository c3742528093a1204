"""LVIS's greedy matching of the detections of one image with its objects."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def greedy_match(
    iou: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    gt_ignored: NDArray[np.bool_],
    thresholds: NDArray[np.float64],
) -> NDArray[np.int64]:
    """(T, D) int64 index of the object that each detection takes, -1 for none.

    By falling score each detection takes the object of highest overlap that is still free, one
    that counts before one to be ignored; equal overlaps go to the later object, as in lvis-api's
    `evaluate_img`.

    Args:
        iou: (D, G) float64, detections by falling score and ignored objects last.
        allowed: (D, G) bool, which pairs may match: those of one category for LVIS's metrics.
        gt_ignored: (G,) bool.
        thresholds: (T,) lowest overlaps that match.
    """
    num_detections, num_objects = iou.shape
    matched = np.full((len(thresholds), num_detections), -1, dtype=np.int64)
    for t in range(len(thresholds)):
        taken = np.zeros(num_objects, dtype=np.bool_)
        for d in range(num_detections):
            best, found = min(thresholds[t], 1 - 1e-10), -1
            for g in range(num_objects):
                if taken[g] or not allowed[d, g]:
                    continue
                if found >= 0 and gt_ignored[g] and not gt_ignored[found]:
                    break
                if iou[d, g] >= best:
                    best, found = iou[d, g], g
            if found >= 0:
                taken[found] = True
                matched[t, d] = found
    return matched
