"""Interpolated precision and highest recall as lvis-api accumulates them.

T = 10 IoU thresholds, R = 101 recall levels, K categories, D ranked detections.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.evaluation.metrics.summary import Curves
from longtail.evaluation.protocol import IOU_THRESHOLDS, RECALLS
from longtail.metrics import UNDEFINED

# Against 0 / 0, as in lvis-api; it shows in the last digit of the precision of one detection.
EPSILON = float(np.spacing(1))


def empty_curves(num_categories: int, num_areas: int) -> Curves:
    """Curves to be written by `fill_curves`: -1 everywhere, each area range in one piece."""
    precision = np.full((num_areas, len(IOU_THRESHOLDS), len(RECALLS), num_categories), UNDEFINED)
    recall = np.full((num_areas, len(IOU_THRESHOLDS), num_categories), UNDEFINED)
    return Curves(np.moveaxis(precision, 0, -1), np.moveaxis(recall, 0, -1))


@njit(nogil=True, error_model="numpy")
def precision_at(num_true: float, num_false: float) -> float:
    """Precision of so many true and false positives, 0 of none."""
    precision: float = num_true / (num_false + num_true + EPSILON)
    return precision


@njit(cache=True, nogil=True)
def fill_curves(
    matched: NDArray[np.uint16],
    ignored: NDArray[np.uint16],
    starts: NDArray[np.int64],
    num_truth: NDArray[np.int64],
    precision: NDArray[np.float64],
    recall: NDArray[np.float64],
) -> None:
    """Write interpolated precision and highest recall; categories without ground truth stay.

    Only true positives are kept, with the false positives before them: between two of them the
    precision falls, so the interpolated one is decided by theirs.

    Args:
        matched: (D,) bits of true positives, by category and falling score.
        ignored: (D,) bits of thresholds at which a detection counts as nothing.
        starts: (K + 1,) where each category starts.
        num_truth: (K,) instances to be found.
        precision: (T, R, K), written.
        recall: (T, K), written.
    """
    num_thresholds = len(precision)
    most_truth = 1
    for category in range(len(num_truth)):
        most_truth = max(most_truth, num_truth[category])
    false_before = np.empty((num_thresholds, most_truth), np.int64)
    num_true = np.empty(num_thresholds, np.int64)
    num_false = np.empty(num_thresholds, np.int64)
    for category in range(len(num_truth)):
        if num_truth[category] == 0:
            continue
        for t in range(num_thresholds):
            num_true[t] = 0
            num_false[t] = 0
        # Most detections are false at every threshold; they are counted once.
        false_everywhere = 0
        for i in range(starts[category], starts[category + 1]):
            if matched[i] == 0 and ignored[i] == 0:
                false_everywhere += 1
                continue
            for t in range(num_thresholds):
                if (matched[i] >> t) & 1:
                    false_before[t, num_true[t]] = num_false[t] + false_everywhere
                    num_true[t] += 1
                elif not (ignored[i] >> t) & 1:
                    num_false[t] += 1
        for t in range(num_thresholds):
            recall[t, category] = num_true[t] / num_truth[category]
            _interpolate(
                false_before[t, : num_true[t]],
                num_truth[category],
                precision[t, :, category],
            )


@njit(nogil=True)
def _interpolate(
    false_before: NDArray[np.int64],
    num_truth: int,
    precision: NDArray[np.float64],
) -> None:
    num_true = len(false_before)
    level = len(RECALLS) - 1
    while level >= 0 and num_true / num_truth < RECALLS[level]:
        precision[level] = 0.0
        level -= 1
    highest = 0.0
    for found in range(num_true, 0, -1):
        highest = max(highest, precision_at(float(found), float(false_before[found - 1])))
        while level >= 0 and (found == 1 or (found - 1) / num_truth < RECALLS[level]):
            precision[level] = highest
            level -= 1
    for rest in range(level + 1):
        precision[rest] = 0.0
