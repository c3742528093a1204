"""IoU of masks or boxes, for pairs of a detection and an instance of the same image.

B detections and G instances of consecutive images, E pairs. The values are pycocotools' to the last
digit.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.matching.mask_overlaps import DrawnOutlines, mask_iou, truth_runs
from longtail.evaluation.matching.shard import Ints, Kind
from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import decode_many
from longtail.rle.geometry import areas


class Shapes(Protocol):
    """What overlaps."""

    @property
    def area(self) -> NDArray[np.float64]:
        """(B,) pixels of the detections."""
        ...

    @property
    def num_instances(self) -> int:
        """G."""
        ...

    def iou(self, detections: Ints, instances: Ints, min_iou: float) -> NDArray[np.float64]:
        """(E,) IoU of pairs; 0 may stand for one under `min_iou`.

        Args:
            detections: (E,) indices into the B, of detections with an area.
            instances: (E,) indices into the G.
            min_iou: Smallest IoU of interest, in (0, 1].
        """
        ...


def shapes_of(
    kind: Kind,
    columns: DetectionColumns,
    truth: GroundTruth,
    instances: Instances,
    ranks: range,
    drawn: DrawnOutlines | None = None,
) -> Shapes:
    """Masks or boxes of detections, and of all instances of their images.

    Args:
        kind: Which of them.
        columns: B detections, their masks checked.
        truth: The annotations.
        instances: The same as arrays.
        ranks: Ranks of the consecutive images.
        drawn: Keeps the instances' masks for the next time.

    Raises:
        BadInputError: A segmentation is unusable.
    """
    if kind == "box":
        first, last = instances.starts[ranks.start], instances.starts[ranks.stop]
        return _Boxes(columns.boxes, instances.boxes[first:last])
    found = decode_many(columns.counts, columns.counts_offsets)
    wanted = truth_runs(truth, ranks) if drawn is None else drawn.runs(truth, ranks)
    return _Masks(found, wanted, areas(*found).astype(np.float64))


def iou_matrix(shapes: Shapes, min_iou: float) -> NDArray[np.float64]:
    """(B, G) IoU of each detection with each instance, all of one image.

    0 stands for a detection without an area, and may for an IoU under `min_iou`.
    """
    iou = np.zeros((len(shapes.area), shapes.num_instances))
    with_area = np.flatnonzero(shapes.area > 0)
    detections = np.repeat(with_area, shapes.num_instances)
    instances = np.tile(np.arange(shapes.num_instances), len(with_area))
    iou[detections, instances] = shapes.iou(detections, instances, min_iou)
    return iou


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(E,) IoU of E pairs of boxes x, y, width, height, with pycocotools' last digit.

    Boxes that only touch, and boxes turned inside out, overlap by 0. One of each pair has an area.
    """
    sides = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    common = np.where((sides > 0).all(axis=1), sides[:, 0] * sides[:, 1], 0.0)
    # Added in this order, on which the last digit depends.
    return common / (a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - common)


@dataclass(frozen=True, eq=False)
class _Masks:
    """Flat runs of the detections' and of the instances' masks, each with their offsets."""

    found: tuple[Ints, Ints]
    wanted: tuple[Ints, Ints]
    area: NDArray[np.float64]

    @property
    def num_instances(self) -> int:
        return len(self.wanted[1]) - 1

    def iou(self, detections: Ints, instances: Ints, min_iou: float) -> NDArray[np.float64]:
        return mask_iou(self.found, self.wanted, (detections, instances), min_iou)


@dataclass(frozen=True, eq=False)
class _Boxes:
    """(B, 4) boxes of detections and (G, 4) of instances: x, y, width, height."""

    found: NDArray[np.float64]
    wanted: NDArray[np.float64]

    @property
    def area(self) -> NDArray[np.float64]:
        area: NDArray[np.float64] = self.found[:, 2] * self.found[:, 3]
        return area

    @property
    def num_instances(self) -> int:
        return len(self.wanted)

    def iou(self, detections: Ints, instances: Ints, min_iou: float) -> NDArray[np.float64]:
        return box_iou(self.found[detections], self.wanted[instances])
