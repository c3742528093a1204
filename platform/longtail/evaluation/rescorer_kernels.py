"""Ranking, matching and accumulating as lvis-api does it, over arrays prepared once.

T = 10 IoU thresholds, R = 101 recall levels, K categories, J judged detections and G instances,
both by category, then image, then file order. What happens to a detection at the ten thresholds is
ten bits of a uint16, bit t for threshold t.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Written as lvis-api writes them, to have its last digits.
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
AREA_BOUNDS = np.array([[0, 1e5**2], [0, 32**2], [32**2, 96**2], [96**2, 1e5**2]])

ALL_THRESHOLDS = np.uint16(2 ** len(IOU_THRESHOLDS) - 1)
LARGEST_BUCKET = 32
EPSILON = float(np.spacing(1))


@njit(cache=True, nogil=True)
def within_cap(
    scores: NDArray[np.float64], image_starts: NDArray[np.int64], max_dets: int
) -> NDArray[np.bool_]:
    """(S,) whether a row is among the `max_dets` best of its image; the earlier of equals is.

    Args:
        scores: (S,) of all rows, judged or not.
        image_starts: (N + 1,) where the rows of each image start.
        max_dets: At least 1.
    """
    kept = np.ones(len(scores), dtype=np.bool_)
    largest = np.diff(image_starts).max()
    workspace = np.empty((2, largest))
    for image in range(len(image_starts) - 1):
        start, end = image_starts[image], image_starts[image + 1]
        if end - start <= max_dets:
            continue
        workspace[0, : end - start] = scores[start:end]
        lowest_kept = _kth_smallest(workspace, end - start, end - start - max_dets)
        free = max_dets
        for row in range(start, end):
            kept[row] = scores[row] > lowest_kept
            free -= kept[row]
        for row in range(start, end):
            if free > 0 and scores[row] == lowest_kept:
                kept[row] = True
                free -= 1
    return kept


@njit(nogil=True)
def _kth_smallest(workspace: NDArray[np.float64], num: int, k: int) -> float:
    """Element k in rising order of the first `num` of row 0; both rows are overwritten.

    Every element is written, and the place for the next one moves on or not: without a branch to
    foresee this takes a quarter of the time of numpy's partition.
    """
    values, rest = workspace[0], workspace[1]
    while True:
        first, middle, last = values[0], values[num // 2], values[num - 1]
        pivot: float = max(min(first, middle), min(max(first, middle), last))
        num_below = 0
        for i in range(num):
            rest[num_below] = values[i]
            num_below += values[i] < pivot
        if k < num_below:
            values, rest, num = rest, values, num_below
            continue
        num_above = 0
        for i in range(num):
            rest[num_above] = values[i]
            num_above += values[i] > pivot
        if k < num - num_above:
            return pivot
        k -= num - num_above
        values, rest, num = rest, values, num_above


@njit(cache=True, nogil=True)
def rank_detections(
    scores: NDArray[np.float64], kept: NDArray[np.bool_], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order the kept detections of each category by falling score; equals stay in their order.

    Args:
        scores: (J,) of the judged detections, finite.
        kept: (J,) whether they are within the cap.
        starts: (K + 1,) where each category starts.

    Returns:
        (D,) indices into the J, and (K + 1,) where each category starts in them.
    """
    order = np.empty(len(scores), dtype=np.int64)
    order_starts = np.zeros(len(starts), dtype=np.int64)
    for category in range(len(starts) - 1):
        members = starts[category] + np.flatnonzero(kept[starts[category] : starts[category + 1]])
        begin = order_starts[category]
        end = begin + len(members)
        order_starts[category + 1] = end
        if len(members):
            _sort_falling(members, scores, order[begin:end])
    return order[: order_starts[-1]], order_starts


@njit(nogil=True)
def _sort_falling(
    members: NDArray[np.int64], scores: NDArray[np.float64], order: NDArray[np.int64]
) -> None:
    """Write the members by falling score, by a stable bucket sort: half of a merge sort's time.

    As many buckets as members, evenly over the scores; where many scores are close together, their
    bucket is sorted by the bits of the scores.
    """
    member_scores = scores[members]
    below_highest = member_scores.max() - member_scores
    span = below_highest.max()
    # A span of nothing, of next to nothing and over all floats leave one bucket.
    buckets = np.zeros(len(members), dtype=np.int64)
    if 0 < span < np.inf and (len(members) - 1) / span < np.inf:
        buckets = (below_highest * ((len(members) - 1) / span)).astype(np.int64)
    order[:] = members
    _sort_buckets(order, _falling_keys(member_scores), buckets)


@njit(nogil=True)
def _falling_keys(scores: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Integers that rise as the scores fall, equal for equal scores, as far apart as floats are."""
    keys = np.empty(len(scores), dtype=np.uint64)
    # Adding 0 makes one zero of the two.
    bits = (scores + 0.0).view(np.int64)
    highest = np.int64(2**63 - 1)
    for i in range(len(scores)):
        rising = bits[i] if bits[i] >= 0 else bits[i] ^ highest
        keys[i] = np.uint64(highest) - np.uint64(rising)
    return keys


@njit(nogil=True)
def _sort_buckets(
    order: NDArray[np.int64], keys: NDArray[np.uint64], buckets: NDArray[np.int64]
) -> None:
    """Sort members and their keys by rising key, stably, in place.

    Args:
        order: The members.
        keys: Their keys.
        buckets: Their buckets, from 0, which rise with the keys or stay. Large ones are divided
            again: each time leaves at most a 32nd of the width of the keys, 13 times at most.
    """
    # Where the next of each bucket goes; in the end, where the bucket ends.
    ends = np.zeros(buckets.max() + 2, dtype=np.int64)
    for bucket in buckets:
        ends[bucket + 1] += 1
    ends = np.cumsum(ends)
    unsorted_order, unsorted_keys = order.copy(), keys.copy()
    for i in range(len(order)):
        place = ends[buckets[i]]
        order[place] = unsorted_order[i]
        keys[place] = unsorted_keys[i]
        ends[buckets[i]] += 1
    start = 0
    for end in ends[:-1]:
        if end - start > LARGEST_BUCKET:
            finer = _equal_buckets(keys[start:end])
            if finer.max() > 0:
                _sort_buckets(order[start:end], keys[start:end], finer)
        elif end - start > 1:
            _insertion_sort(order[start:end], keys[start:end])
        start = end


@njit(nogil=True)
def _equal_buckets(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Buckets of equal width from the lowest to the highest key, under two for each key."""
    lowest = keys.min()
    span = keys.max() - lowest
    shift = np.uint64(0)
    while span >> shift >= np.uint64(2 * len(keys)):
        shift += np.uint64(1)
    buckets: NDArray[np.int64] = ((keys - lowest) >> shift).astype(np.int64)
    return buckets


@njit(nogil=True)
def _insertion_sort(order: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
    for i in range(1, len(order)):
        member, key = order[i], keys[i]
        free = i
        while free > 0 and keys[free - 1] > key:
            order[free], keys[free] = order[free - 1], keys[free - 1]
            free -= 1
        order[free], keys[free] = member, key


@njit(cache=True, nogil=True)
def match_detections(
    order: NDArray[np.int64],
    detection_flags: NDArray[np.uint8],
    truth_flags: NDArray[np.uint8],
    overlap_starts: NDArray[np.int64],
    overlap_truth: NDArray[np.int64],
    overlap_bits: NDArray[np.uint16],
    area: int,
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Give every detection, best first, the free instance it overlaps most, at all thresholds.

    Args:
        order: (D,) judged detections, those of an image and category by falling score.
        detection_flags: (J,) bit a set: counts as nothing in area range a if nothing matches.
        truth_flags: (G,) bit a set: ignored in area range a.
        overlap_starts: (J + 1,) where the overlaps of each detection start.
        overlap_truth: (E,) instances, by falling overlap within a detection.
        overlap_bits: (E,) thresholds that the overlap reaches.
        area: The area range, 0 to 3.

    Returns:
        (D,) thresholds at which a detection is a true positive, and (D,) at which it is ignored.
    """
    matched = np.zeros(len(order), dtype=np.uint16)
    ignored = np.zeros(len(order), dtype=np.uint16)
    taken = np.zeros(len(truth_flags), dtype=np.uint16)
    for i in range(len(order)):
        first, last = overlap_starts[order[i]], overlap_starts[order[i] + 1]
        open_bits = ALL_THRESHOLDS
        # Instances that are ignored come second, whatever their overlap.
        for is_ignored in range(2 if first < last else 0):
            for overlap in range(first, last):
                instance = overlap_truth[overlap]
                if (truth_flags[instance] >> area) & 1 != is_ignored:
                    continue
                won = open_bits & overlap_bits[overlap] & ~taken[instance]
                taken[instance] |= won
                open_bits ^= won
                if is_ignored:
                    ignored[i] |= won
                else:
                    matched[i] |= won
        if (detection_flags[order[i]] >> area) & 1:
            ignored[i] |= open_bits
    return matched, ignored


@njit(cache=True, nogil=True)
def fill_curves(
    matched: NDArray[np.uint16],
    ignored: NDArray[np.uint16],
    starts: NDArray[np.int64],
    num_truth: NDArray[np.int64],
    recalls: NDArray[np.float64],
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
        recalls: (R,) recall levels, rising.
        precision: (T, R, K), written.
        recall: (T, K), written.
    """
    num_thresholds = len(precision)
    false_before = np.zeros((num_thresholds, max(1, num_truth.max())), dtype=np.int64)
    for category in range(len(num_truth)):
        if num_truth[category] == 0:
            continue
        num_true = np.zeros(num_thresholds, dtype=np.int64)
        # Most detections are false at every threshold; they are counted once.
        false_everywhere = 0
        num_false = np.zeros(num_thresholds, dtype=np.int64)
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
                recalls,
                precision[t, :, category],
            )


@njit(nogil=True)
def _interpolate(
    false_before: NDArray[np.int64],
    num_truth: int,
    recalls: NDArray[np.float64],
    precision: NDArray[np.float64],
) -> None:
    num_true = len(false_before)
    level = len(recalls) - 1
    while level >= 0 and num_true / num_truth < recalls[level]:
        precision[level] = 0.0
        level -= 1
    highest = 0.0
    for found in range(num_true, 0, -1):
        highest = max(highest, found / (float(false_before[found - 1]) + float(found) + EPSILON))
        while level >= 0 and (found == 1 or (found - 1) / num_truth < recalls[level]):
            precision[level] = highest
            level -= 1
    for rest in range(level + 1):
        precision[rest] = 0.0
