"""AP by category when every image counts as often as a weight says: the core of the bootstrap.

D detections, K categories, N images, P pairs of an image and a category with ground truth in it,
T = 10 IoU thresholds, R = 101 recall levels.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.evaluation.match_table import IOU_THRESHOLDS, RECALLS, MatchTable
from longtail.evaluation.summary import UNDEFINED

NUM_THRESHOLDS, NUM_RECALLS = len(IOU_THRESHOLDS), len(RECALLS)
EVERY_THRESHOLD = (1 << NUM_THRESHOLDS) - 1
# Against 0 / 0, as in lvis-api; it shows in the last digit of the precision of one detection.
EPSILON = float(np.spacing(1))


class WeightedAP:
    """AP of the categories of a match table, for any image weights.

    A detection becomes two sets of thresholds, those at which it is right and those at which it is
    wrong, as bits. Detections that can change no AP are left out: those ignored at all thresholds,
    and those after the last right one of their category.
    """

    def __init__(self, table: MatchTable) -> None:
        bit = 1 << np.arange(NUM_THRESHOLDS)
        right = (table.matched & ~table.ignored) @ bit
        wrong = (~table.matched & ~table.ignored) @ bit
        num_right = _counts_before(right > 0)
        right_to_come = num_right[:-1] < num_right[table.starts[1:]][table.category]
        keep = right_to_come & ((right | wrong) > 0)
        self._image = table.image[keep].astype(np.int32)
        self._right, self._wrong = right[keep].astype(np.int16), wrong[keep].astype(np.int16)
        self._starts = _counts_before(keep)[table.starts]
        self._gt_image, self._gt_count = table.gt_image.astype(np.int32), table.gt_count
        self._gt_starts = np.searchsorted(table.gt_category, np.arange(len(table.starts)))

    def per_category(self, weights: NDArray[np.int32]) -> NDArray[np.float64]:
        """AP by category, as if each image were there `weights` times.

        The copies of a detection take its place in the order by score, next to one another.

        Args:
            weights: (N,) int32, how often each image counts, from 0.

        Returns:
            (K,) fractions, -1 for a category without ground truth of positive weight. With all
            weights 1 equal to the table's own (a single category in all but the last digit, as
            numpy then adds in another order).
        """
        detections = self._image, self._right, self._wrong, self._starts
        truth = self._gt_image, self._gt_count, self._gt_starts
        return _ap_by_category(weights, *detections, *truth)


def _counts_before(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(chosen)])


@njit(cache=True, nogil=True)
def _ap_by_category(
    weights: NDArray[np.int32],
    image: NDArray[np.int32],
    right: NDArray[np.int16],
    wrong: NDArray[np.int16],
    starts: NDArray[np.int64],
    gt_image: NDArray[np.int32],
    gt_count: NDArray[np.int64],
    gt_starts: NDArray[np.int64],
) -> NDArray[np.float64]:
    ap = np.full(len(starts) - 1, UNDEFINED)
    precision = np.empty((NUM_THRESHOLDS, NUM_RECALLS))
    for category in range(len(ap)):
        num_gt = 0
        for pair in range(gt_starts[category], gt_starts[category + 1]):
            num_gt += gt_count[pair] * weights[gt_image[pair]]
        if num_gt > 0:
            own = slice(starts[category], starts[category + 1])
            _fill(precision, weights, image[own], right[own], wrong[own], num_gt)
            ap[category] = _mean_of_interpolated(precision)
    return ap


@njit(cache=True, nogil=True)
def _fill(
    precision: NDArray[np.float64],
    weights: NDArray[np.int32],
    image: NDArray[np.int32],
    right: NDArray[np.int16],
    wrong: NDArray[np.int16],
    num_gt: int,
) -> None:
    """Write the best precision between each recall level and the next, 0 where none is reached."""
    precision[:] = 0.0
    num_right = np.zeros(NUM_THRESHOLDS, np.int64)
    num_wrong = np.zeros(NUM_THRESHOLDS, np.int64)
    level = np.zeros(NUM_THRESHOLDS, np.int64)
    # Most detections are wrong at every threshold: one sum serves all ten.
    always_wrong = 0
    for i in range(len(image)):
        weight = weights[image[i]]
        if wrong[i] == EVERY_THRESHOLD:
            always_wrong += weight
            continue
        if weight == 0:
            continue
        for t in range(NUM_THRESHOLDS):
            if (wrong[i] >> t) & 1:
                num_wrong[t] += weight
            elif (right[i] >> t) & 1:
                num_right[t] += weight
                recall = num_right[t] / num_gt
                while level[t] + 1 < NUM_RECALLS and RECALLS[level[t] + 1] <= recall:
                    level[t] += 1
                judged = float(num_wrong[t] + always_wrong) + float(num_right[t]) + EPSILON
                precision[t, level[t]] = max(precision[t, level[t]], num_right[t] / judged)


@njit(cache=True, nogil=True)
def _mean_of_interpolated(precision: NDArray[np.float64]) -> float:
    """Mean over thresholds and levels of the best precision at a level or any higher one."""
    total = 0.0
    for t in range(NUM_THRESHOLDS):
        for level in range(NUM_RECALLS - 2, -1, -1):
            precision[t, level] = max(precision[t, level], precision[t, level + 1])
        # Added from the first on, as numpy does over leading axes: the last digit depends on it.
        for level in range(NUM_RECALLS):
            total += precision[t, level]
    return total / (NUM_THRESHOLDS * NUM_RECALLS)
