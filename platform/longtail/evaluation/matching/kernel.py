"""Detections to instances as lvis-api matches them, over overlaps computed once.

J judged detections and G instances, in any order. What happens to a detection at the thresholds,
LVIS's ten or others, is bits of a uint16: bit t for threshold t.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray


def preference(
    detection: NDArray[np.int64], instance: NDArray[np.int64], iou: NDArray[np.float64]
) -> NDArray[np.int64]:
    """(E,) order of overlaps by detection, the preferred first: of equal ones the later instance.

    Args:
        detection: (E,) index of the detection.
        instance: (E,) index of the instance, those of an image in file order.
        iou: (E,) overlap.
    """
    order: NDArray[np.int64] = np.lexsort((-instance, -iou, detection))
    return order


@njit(cache=True, nogil=True)
def match_detections(
    order: NDArray[np.int64],
    detection_flags: NDArray[np.uint8],
    truth_flags: NDArray[np.uint8],
    overlap_starts: NDArray[np.int64],
    overlap_truth: NDArray[np.int64],
    overlap_bits: NDArray[np.uint16],
    area: int,
    thresholds: np.uint16,
) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]:
    """Give every detection, best first, the free instance it overlaps most, at all thresholds.

    Args:
        order: (D,) judged detections, those that can take an instance by falling score.
        detection_flags: (J,) bit a set: counts as nothing in area range a if nothing matches.
        truth_flags: (G,) bit a set: ignored in area range a.
        overlap_starts: (J + 1,) where the overlaps of each detection start.
        overlap_truth: (E,) instances that a detection may take, in the order `preference` gives.
        overlap_bits: (E,) thresholds that the overlap reaches.
        area: The area range, 0 to 3.
        thresholds: Bits of all thresholds.

    Returns:
        (D,) thresholds at which a detection is a true positive, (D,) at which it is ignored, and
        (E,) at which it takes the instance.
    """
    matched = np.zeros(len(order), dtype=np.uint16)
    ignored = np.zeros(len(order), dtype=np.uint16)
    taken = np.zeros(len(truth_flags), dtype=np.uint16)
    takes = np.zeros(len(overlap_truth), dtype=np.uint16)
    for i in range(len(order)):
        first, last = overlap_starts[order[i]], overlap_starts[order[i] + 1]
        open_bits = thresholds
        # Instances that are ignored come second, whatever their overlap.
        for is_ignored in range(2 if first < last else 0):
            for overlap in range(first, last):
                instance = overlap_truth[overlap]
                if (truth_flags[instance] >> area) & 1 != is_ignored:
                    continue
                won = open_bits & overlap_bits[overlap] & ~taken[instance]
                taken[instance] |= won
                takes[overlap] = won
                open_bits ^= won
                if is_ignored:
                    ignored[i] |= won
                else:
                    matched[i] |= won
        if (detection_flags[order[i]] >> area) & 1:
            ignored[i] |= open_bits
    return matched, ignored, takes
