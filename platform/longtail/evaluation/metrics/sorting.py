"""Order by falling score within a category. J judged detections, K categories."""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
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
    order = np.empty(len(scores), np.int64)
    order_starts = np.zeros(len(starts), np.int64)
    end = 0
    for category in range(len(starts) - 1):
        begin = end
        for member in range(starts[category], starts[category + 1]):
            if kept[member]:
                order[end] = member
                end += 1
        order_starts[category + 1] = end
        if end - begin > 1:
            _sort_falling(order[begin:end], scores)
    return order[:end], order_starts


@njit(nogil=True, error_model="numpy")
def _sort_falling(order: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
    """Sort members by falling score, by a stable bucket sort: half of a merge sort's time.

    As many buckets as members, evenly over the scores; where many scores are close together, their
    bucket is sorted by the bits of the scores. Loops and no functions of numpy: those take seconds
    to compile.
    """
    highest = scores[order[0]]
    lowest = highest
    for member in order:
        highest = max(highest, scores[member])
        lowest = min(lowest, scores[member])
    span = highest - lowest
    keys = np.empty(len(order), np.uint64)
    buckets = np.zeros(len(order), np.int64)
    # A span of nothing, of next to nothing and over all floats leave one bucket.
    density = (len(order) - 1) / span if 0 < span < np.inf else np.inf
    for i in range(len(order)):
        keys[i] = _falling_key(scores[order[i]])
        if density < np.inf:
            buckets[i] = np.int64((highest - scores[order[i]]) * density)
    _sort_buckets(order, keys, buckets)


@intrinsic
def _bits_of(typing_context: Any, value: Any) -> Any:
    """The bits of a float64 as an int64, as one instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


@njit(nogil=True)
def _falling_key(score: float) -> np.uint64:
    """An integer that rises as scores fall, equal for equal ones, as far apart as floats are."""
    # Adding 0 makes one zero of the two.
    bits: np.int64 = _bits_of(score + 0.0)  # type: ignore[call-arg]
    highest = np.int64(2**63 - 1)
    rising = bits if bits >= 0 else bits ^ highest
    return np.uint64(highest) - np.uint64(rising)


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
    num_members = len(order)
    num_buckets = 1
    for i in range(num_members):
        num_buckets = max(num_buckets, buckets[i] + 1)
    # Where the next of each bucket goes; in the end, where the bucket ends.
    ends = np.zeros(num_buckets + 1, np.int64)
    unsorted_order = np.empty(num_members, np.int64)
    unsorted_keys = np.empty(num_members, np.uint64)
    for i in range(num_members):
        ends[buckets[i] + 1] += 1
        unsorted_order[i] = order[i]
        unsorted_keys[i] = keys[i]
    for bucket in range(num_buckets):
        ends[bucket + 1] += ends[bucket]
    for i in range(num_members):
        place = ends[buckets[i]]
        order[place] = unsorted_order[i]
        keys[place] = unsorted_keys[i]
        ends[buckets[i]] += 1
    start = 0
    for bucket in range(num_buckets):
        end = ends[bucket]
        if end - start > LARGEST_BUCKET:
            if _divide(keys[start:end], buckets):
                _sort_buckets(order[start:end], keys[start:end], buckets[: end - start])
        elif end - start > 1:
            _insertion_sort(order[start:end], keys[start:end])
        start = end


@njit(nogil=True)
def _divide(keys: NDArray[np.uint64], buckets: NDArray[np.int64]) -> bool:
    """Write buckets of equal width, under two for each key; whether there is more than one."""
    lowest = keys[0]
    highest = keys[0]
    for i in range(len(keys)):
        lowest = min(lowest, keys[i])
        highest = max(highest, keys[i])
    span = highest - lowest
    shift = np.uint64(0)
    while span >> shift >= np.uint64(2 * len(keys)):
        shift += np.uint64(1)
    for i in range(len(keys)):
        buckets[i] = np.int64((keys[i] - lowest) >> shift)
    return bool(span > 0)


@njit(nogil=True)
def _insertion_sort(order: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
    for i in range(1, len(order)):
        member, key = order[i], keys[i]
        free = i
        while free > 0 and keys[free - 1] > key:
            order[free], keys[free] = order[free - 1], keys[free - 1]
            free -= 1
        order[free], keys[free] = member, key
