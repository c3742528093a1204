"""Order by falling score within a category. J judged detections, K categories."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

LARGEST_BUCKET = 32


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
