"""Detections to instances as lvis-api matches them, over overlaps computed once.

J judged detections and G instances, both by category, then image, then file order. What happens to
a detection at the ten thresholds is ten bits of a uint16, bit t for threshold t.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.evaluation.protocol import IOU_THRESHOLDS

ALL_THRESHOLDS = np.uint16(2 ** len(IOU_THRESHOLDS) - 1)


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
