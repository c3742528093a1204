"""AP by category when every image counts as often as a weight says: the core of the bootstrap.

Interpolated as in `curves`, for many weightings side by side: one kernel for both is slower at
either.

D detections, K categories, N images, B weightings, P pairs of a category and an image that matters
to it, T = 10 IoU thresholds, R = 101 recall levels, L = 8 weightings computed side by side.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.evaluation.metrics.curves import precision_at
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.protocol import IOU_THRESHOLDS, RECALLS
from longtail.metrics import UNDEFINED

NUM_THRESHOLDS, NUM_RECALLS = len(IOU_THRESHOLDS), len(RECALLS)
EVERY_THRESHOLD = (1 << NUM_THRESHOLDS) - 1
# Weightings of a category that are walked through together: its detections are read once for all.
LANES = 8


class WeightedAP:
    """AP of the categories of a match table, for any image weights.

    A detection becomes two sets of thresholds, those at which it is a true positive and those at
    which it is a false one, as bits. Detections that can change no AP are left out: those ignored
    at all thresholds, and those after the last true positive of their category. What is left of a
    category is in few of the images, which are numbered for it from 0.
    """

    def __init__(self, table: MatchTable) -> None:
        bit = 1 << np.arange(NUM_THRESHOLDS)
        true_positive = (table.matched & ~table.ignored) @ bit
        false_positive = (~table.matched & ~table.ignored) @ bit
        num_true = _counts_before(true_positive > 0)
        true_to_come = num_true[:-1] < num_true[table.starts[1:]][table.category]
        keep = true_to_come & ((true_positive | false_positive) > 0)
        self._true_positive, self._false_positive = (
            true_positive[keep].astype(np.int16),
            false_positive[keep].astype(np.int16),
        )
        self._starts = _counts_before(keep)[table.starts]
        num_images = len(table.image_ids)
        truth = table.gt_category * num_images + table.gt_image
        found = table.category[keep] * num_images + table.image[keep]
        pairs, place = np.unique(np.concatenate([truth, found]), return_inverse=True)
        first = np.searchsorted(pairs, np.arange(len(table.starts)) * num_images)
        self._images, self._first = (pairs % max(num_images, 1)).astype(np.int32), first
        self._counts = np.zeros(len(pairs), np.int64)
        np.add.at(self._counts, place[: len(truth)], table.gt_count)
        own = place[len(truth) :] - first[table.category[keep]]
        self._own_image = own.astype(np.int32)

    def per_category(self, weights: NDArray[np.int32]) -> NDArray[np.float64]:
        """AP by category, as if each image were there `weights` times.

        The copies of a detection take its place in the order by score, next to one another.

        Args:
            weights: (N,) int32, how often each image counts, from 0; or (N, B) of them.

        Returns:
            (K,) fractions, -1 for a category without ground truth of positive weight; or (B, K).
            With all weights 1 equal to the table's own (a single category in all but the last
            digit, as numpy then adds in another order).
        """
        columns = np.ascontiguousarray(weights.reshape(len(weights), -1))
        ap = np.full((columns.shape[1], len(self._starts) - 1), UNDEFINED)
        most_images = int(np.diff(self._first).max(initial=0))
        _ap_by_category(
            columns,
            self._images,
            self._first,
            self._counts,
            self._own_image,
            self._true_positive,
            self._false_positive,
            self._starts,
            np.empty((most_images, LANES), np.int32),
            ap,
        )
        return ap if weights.ndim > 1 else ap[0]


def _counts_before(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(chosen)])


@njit(cache=True, nogil=True, error_model="numpy")
def _ap_by_category(
    weights: NDArray[np.int32],
    images: NDArray[np.int32],
    first: NDArray[np.int64],
    counts: NDArray[np.int64],
    own_image: NDArray[np.int32],
    true_positive: NDArray[np.int16],
    false_positive: NDArray[np.int16],
    starts: NDArray[np.int64],
    own_weights: NDArray[np.int32],
    ap: NDArray[np.float64],
) -> None:
    """Write AP for (N, B) weights; categories without ground truth stay.

    Loops and no functions of numpy: those take seconds to compile.

    Args:
        weights: How often each image counts.
        images: (P,) the images that matter to each category.
        first: (K + 1,) where those of each category start.
        counts: (P,) instances of the category in the image.
        own_image: (D,) number of a detection's image among those of its category.
        true_positive: (D,) bits of thresholds.
        false_positive: (D,) bits of thresholds.
        starts: (K + 1,) where the detections of each category start.
        own_weights: (I, L) working space for the most images of a category.
        ap: (B, K), written.
    """
    num_weightings = weights.shape[1]
    precision = np.zeros((NUM_THRESHOLDS, NUM_RECALLS, LANES))
    chosen = np.empty(num_weightings, np.int64)
    like = np.empty(num_weightings, np.int64)
    total = np.empty(LANES)
    num_gt = np.empty(LANES)
    values = np.empty(num_weightings)
    for category in range(len(starts) - 1):
        begin, end = first[category], first[category + 1]
        num_instances = 0
        for i in range(begin, end):
            num_instances += counts[i]
        if num_instances == 0:
            continue
        num_chosen = _distinct(weights, images[begin:end], chosen, like)
        for block in range(0, num_chosen, LANES):
            num_lanes = min(LANES, num_chosen - block)
            for lane in range(LANES):
                num_gt[lane] = 0.0
            for i in range(end - begin):
                for lane in range(LANES):
                    # A lane too many has no image.
                    weight = 0
                    if lane < num_lanes:
                        weight = weights[images[begin + i], chosen[block + lane]]
                    own_weights[i, lane] = weight
                    num_gt[lane] += counts[begin + i] * weight
            detections = starts[category], starts[category + 1]
            highest = _fill(
                precision, own_weights, own_image, true_positive, false_positive, detections, num_gt
            )
            _add_interpolated(precision, highest, total)
            for lane in range(num_lanes):
                mean = total[lane] / (NUM_THRESHOLDS * NUM_RECALLS)
                values[block + lane] = mean if num_gt[lane] > 0 else UNDEFINED
        for weighting in range(num_weightings):
            ap[weighting, category] = values[like[weighting]]


@njit(nogil=True)
def _distinct(
    weights: NDArray[np.int32],
    images: NDArray[np.int32],
    chosen: NDArray[np.int64],
    like: NDArray[np.int64],
) -> int:
    """Choose a weighting of each kind that differs on some images; most are alike on one or two.

    Args:
        weights: (N, B) how often each image counts.
        images: The images.
        chosen: (B,) takes the weightings, one of each kind.
        like: (B,) takes the place in `chosen` of one that is the same.

    Returns:
        How many were chosen; all of them where few could be alike.
    """
    num_weightings = len(like)
    # The weights of a weighting are the digits of a number, each with a base of its own.
    num_kinds = 1
    number = np.zeros(num_weightings, np.int64)
    for image in images:
        base = 1
        for weighting in range(num_weightings):
            base = max(base, weights[image, weighting] + 1)
        num_kinds *= base
        if num_kinds > num_weightings:
            for weighting in range(num_weightings):
                chosen[weighting] = weighting
                like[weighting] = weighting
            return num_weightings
        for weighting in range(num_weightings):
            number[weighting] = base * number[weighting] + weights[image, weighting]
    place_of_kind = np.full(num_kinds, -1)
    num_chosen = 0
    for weighting in range(num_weightings):
        kind = number[weighting]
        if place_of_kind[kind] < 0:
            place_of_kind[kind] = num_chosen
            chosen[num_chosen] = weighting
            num_chosen += 1
        like[weighting] = place_of_kind[kind]
    return num_chosen


@njit(nogil=True, error_model="numpy")
def _fill(
    precision: NDArray[np.float64],
    weights: NDArray[np.int32],
    image: NDArray[np.int32],
    true_positive: NDArray[np.int16],
    false_positive: NDArray[np.int16],
    detections: tuple[int, int],
    num_gt: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Write the best precision between each recall level and the next; it is 0 everywhere before.

    Counts are floats, exact ones; a detection of weight 0 changes nothing in its lane.

    Returns:
        (T,) the highest level that a lane reaches, -1 where none finds anything.
    """
    num_true = np.zeros((NUM_THRESHOLDS, LANES))
    num_false = np.zeros((NUM_THRESHOLDS, LANES))
    # Most detections are false at every threshold: one sum serves all ten.
    always_false = np.zeros(LANES)
    recall = np.empty(LANES)
    best = np.empty(LANES)
    highest = np.full(NUM_THRESHOLDS, -1)
    for i in range(detections[0], detections[1]):
        if false_positive[i] == EVERY_THRESHOLD:
            for lane in range(LANES):
                always_false[lane] += weights[image[i], lane]
            continue
        for t in range(NUM_THRESHOLDS):
            if (false_positive[i] >> t) & 1:
                for lane in range(LANES):
                    num_false[t, lane] += weights[image[i], lane]
            elif (true_positive[i] >> t) & 1:
                for lane in range(LANES):
                    num_true[t, lane] += weights[image[i], lane]
                    found = num_true[t, lane]
                    recall[lane] = found / max(num_gt[lane], 1.0)
                    best[lane] = precision_at(found, num_false[t, lane] + always_false[lane])
                for lane in range(LANES):
                    level = _level_of(recall[lane])
                    highest[t] = max(highest[t], level)
                    precision[t, level, lane] = max(precision[t, level, lane], best[lane])
    return highest


@njit(nogil=True)
def _level_of(recall: float) -> int:
    """The last of the rising `RECALLS` that is not above a recall in [0, 1]."""
    level = min(int(recall * (NUM_RECALLS - 1)), NUM_RECALLS - 1)
    while RECALLS[level] > recall:
        level -= 1
    while level + 1 < NUM_RECALLS and RECALLS[level + 1] <= recall:
        level += 1
    return level


@njit(nogil=True)
def _add_interpolated(
    precision: NDArray[np.float64], highest: NDArray[np.int64], total: NDArray[np.float64]
) -> None:
    """Sums over thresholds and levels of the best precision at a level or any higher one.

    Leaves 0 in `precision`. Levels above `highest` hold 0, which changes no sum.
    """
    for lane in range(LANES):
        total[lane] = 0.0
    for t in range(NUM_THRESHOLDS):
        for level in range(highest[t] - 1, -1, -1):
            for lane in range(LANES):
                above = precision[t, level + 1, lane]
                precision[t, level, lane] = max(precision[t, level, lane], above)
        # Added from the first on, as numpy does over leading axes: the last digit depends on it.
        for level in range(highest[t] + 1):
            for lane in range(LANES):
                total[lane] += precision[t, level, lane]
                precision[t, level, lane] = 0.0
