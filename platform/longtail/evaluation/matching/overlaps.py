"""What matching needs of detections and ground truth besides scores, computed once.

J judged detections with an area and G instances, both by category, then image, then file order;
E overlaps of the lowest IoU threshold and more, which are few: the others never match.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.instances import Instances, starts_of
from longtail.evaluation.matching.kernel import preference
from longtail.evaluation.matching.shard import Ints, Kind, MatchingShard
from longtail.evaluation.protocol import IOU_THRESHOLDS, as_bits

__all__ = ["Kind", "Overlaps"]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Detections, instances and how they overlap; bit a of a flag is for area range a.

    Attributes:
        scores: (S,) float64, the store's own scores of all its rows, of masks or of boxes.
        image_starts: (N + 1,) int64, where the rows of each image start.
        image_ids: (N,) int64.
        row: (J,) int64, row of the store.
        image: (J,) int64 rank of the image.
        detection_flags: (J,) uint8, counts as nothing if nothing matches it.
        detection_starts: (K + 1,) int64, where each category starts.
        truth_image: (G,) int64 rank of the image.
        truth_flags: (G,) uint8, ignored.
        truth_starts: (K + 1,) int64, where each category starts.
        overlap_starts: (J + 1,) int64, where the overlaps of each detection start.
        overlap_truth: (E,) int64, index of the instance; within a detection those of the highest
            overlap first, and of equals the later, as lvis-api prefers them.
        overlap_bits: (E,) uint16, bit t for an overlap that reaches threshold t.
    """

    scores: NDArray[np.float64]
    image_starts: Ints
    image_ids: Ints
    row: Ints
    image: Ints
    detection_flags: NDArray[np.uint8]
    detection_starts: Ints
    truth_image: Ints
    truth_flags: NDArray[np.uint8]
    truth_starts: Ints
    overlap_starts: Ints
    overlap_truth: Ints
    overlap_bits: NDArray[np.uint16]

    def __post_init__(self) -> None:
        # As arrays mapped from files are: processes share them, and numba compiles for one kind.
        for column in fields(self):
            getattr(self, column.name).flags.writeable = False

    @classmethod
    def of(
        cls, whole: MatchingShard, kind: Kind, instances: Instances, image_ids: Ints
    ) -> "Overlaps":
        """The shard of all blocks, sorted by category.

        Args:
            whole: That shard.
            kind: The kind of overlap, one of the shard's.
            instances: The G instances of the annotation file.
            image_ids: (N,) ids by rank.
        """
        shard, num_categories = whole.kinds[kind], instances.num_categories
        order = np.argsort(shard.label, kind="stable")
        truth_order = np.argsort(instances.label, kind="stable")
        detections = _inverse(order)[shard.overlap_detection]
        found = _inverse(truth_order)[shard.overlap_instance]
        by_detection = preference(detections, found, shard.overlap_iou)
        reached = shard.overlap_iou[by_detection, None] >= IOU_THRESHOLDS
        return cls(
            scores=whole.scores(kind).view(),
            image_starts=starts_of(whole.image_counts),
            image_ids=image_ids.copy(),
            row=shard.row[order],
            image=shard.image[order],
            detection_flags=shard.flags[order],
            detection_starts=starts_of(np.bincount(shard.label, minlength=num_categories)),
            truth_image=instances.image[truth_order],
            truth_flags=instances.flags[truth_order],
            truth_starts=starts_of(np.bincount(instances.label, minlength=num_categories)),
            overlap_starts=starts_of(np.bincount(detections, minlength=len(order))),
            overlap_truth=found[by_detection],
            overlap_bits=as_bits(reached),
        )


def _inverse(order: Ints) -> Ints:
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    return inverse
