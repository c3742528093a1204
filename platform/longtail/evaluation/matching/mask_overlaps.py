"""IoU of detections' and instances' masks, pair by pair, from their runs.

The values are pycocotools' to the last digit: a quotient of two whole numbers.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.segmentation import compressed_counts
from longtail.rle.codec import decode_many, pack
from longtail.rle.geometry import areas, intersection

Ints = NDArray[np.int64]


class DrawnOutlines:
    """The masks of instances as they were drawn, for who overlaps the same images again and again.

    One annotation file's; they stay compressed, some 150 bytes an instance.
    """

    def __init__(self) -> None:
        self._drawn: dict[range, tuple[NDArray[np.uint8], Ints]] = {}

    def runs(self, truth: GroundTruth, ranks: range) -> tuple[Ints, Ints]:
        """As `truth_runs`."""
        if ranks not in self._drawn:
            self._drawn[ranks] = _drawn(truth, ranks)
        return decode_many(*self._drawn[ranks])


def truth_runs(truth: GroundTruth, ranks: range) -> tuple[Ints, Ints]:
    """The runs of all instances of consecutive images, and the offsets of each."""
    return decode_many(*_drawn(truth, ranks))


def _drawn(truth: GroundTruth, ranks: range) -> tuple[NDArray[np.uint8], Ints]:
    return pack([text for rank in ranks for text in compressed_counts(truth, rank)])


def mask_iou(
    detections: tuple[Ints, Ints],
    instances: tuple[Ints, Ints],
    pairs: tuple[Ints, Ints],
    min_iou: float,
) -> NDArray[np.float64]:
    """(E,) IoU of each pair; 0 may stand for one under `min_iou`.

    Args:
        detections: Flat runs of the detections' masks and their offsets, all with a pixel.
        instances: The same of the instances.
        pairs: (E,) indices of detections and (E,) of instances of the same image.
        min_iou: Smallest IoU of interest, in (0, 1].
    """
    a, b = areas(*detections)[pairs[0]], areas(*instances)[pairs[1]]
    area_sum, smaller = a + b, np.minimum(a, b)
    # IoU rises with the intersection, which is no larger than the smaller mask.
    can_reach = smaller >= min_iou * (area_sum - smaller)
    common = np.zeros(len(area_sum), dtype=np.int64)
    chosen = pairs[0][can_reach], pairs[1][can_reach]
    common[can_reach] = _intersections(*detections, *instances, *chosen)
    iou: NDArray[np.float64] = common / (area_sum - common)
    return iou


@njit(cache=True, nogil=True)
def _intersections(
    runs: Ints,
    offsets: Ints,
    truth_runs: Ints,
    truth_offsets: Ints,
    detections: Ints,
    instances: Ints,
) -> Ints:
    common = np.zeros(len(detections), dtype=np.int64)
    for i in range(len(detections)):
        d, g = detections[i], instances[i]
        common[i] = intersection(
            runs[offsets[d] : offsets[d + 1]],
            truth_runs[truth_offsets[g] : truth_offsets[g + 1]],
        )
    return common
