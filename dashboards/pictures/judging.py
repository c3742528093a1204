"""What becomes of a row's detections of one category in one image, by LVIS's matching at IoU 0.5.

D detections of the category by falling score, G instances of it in file order.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.annotations.segmentation import compressed_counts
from longtail.evaluation.diagnosis.image_overlaps import IGNORED, ImageOverlaps, image_overlaps
from longtail.evaluation.diagnosis.judged_detections import NO_INSTANCE, taken_instances
from longtail.evaluation.matching.judged import (
    ranked_by,
    with_box_area,
    with_mask_area,
    within_cap,
)
from longtail.evaluation.matching.shard import Kind
from longtail.predictions.columns import DetectionColumns

MAX_DETS = 300
"""Detections of an image that count; those beyond are as if they were not there."""
IOU = 0.5


Box: TypeAlias = tuple[float, float, float, float]


class Verdict(StrEnum):
    """Of a detection; the letters or the word that are drawn beside it."""

    FOUND = "TP"
    WRONG = "FP"
    IGNORED = "ignored"
    UNJUDGED = "not judged"


@dataclass(frozen=True)
class Shape:
    """Attributes:
    box: x, y, width, height in pixels of the image.
    counts: Its mask as COCO's compressed run-length string; empty where it is a box only.
    """

    box: Box
    counts: bytes = b""


@dataclass(frozen=True)
class Instance:
    """Ground truth; neither found nor missed where it is ignored."""

    shape: Shape
    ignored: bool = False


@dataclass(frozen=True)
class Detection:
    """Attributes:
    shape: What was found.
    score: That it is ranked by, in [0, 1].
    verdict: Of the matching.
    """

    shape: Shape
    score: float
    verdict: Verdict


@dataclass(frozen=True)
class Judgement:
    """Attributes:
    detections: By falling score.
    missed: Places among the category's instances of those that no detection found.
    """

    detections: tuple[Detection, ...]
    missed: tuple[int, ...]

    def count(self, verdict: Verdict) -> int:
        """Detections of a verdict."""
        return sum(detection.verdict == verdict for detection in self.detections)


def instances_of(
    truth: GroundTruth, instances: Instances, rank: int, label: int
) -> tuple[Instance, ...]:
    """The ground truth of a category in an image, in file order.

    Args:
        truth: The annotations.
        instances: The same as arrays.
        rank: The image's.
        label: The category's index.
    """
    of_image = slice(*instances.starts[rank : rank + 2].tolist())
    own = np.flatnonzero(instances.label[of_image] == label)
    counts = compressed_counts(truth, rank) if truth.has_masks and len(own) else []
    boxes, flags = instances.boxes[of_image], instances.flags[of_image]
    return tuple(
        Instance(Shape(_xywh(boxes[i]), counts[i] if counts else b""), bool(flags[i] & IGNORED))
        for i in own.tolist()
    )


def judge(
    columns: DetectionColumns, truth: GroundTruth, instances: Instances, rank: int, label: int
) -> Judgement:
    """The verdicts on the detections of a category.

    By masks; by boxes where the annotations, or all of the detections, have no masks. Detections
    beyond the cap of the image and those without an area are left out, as lvis-api leaves them out.

    Args:
        columns: All detections of the image, of every category, their masks checked.
        truth: The annotations.
        instances: The same as arrays.
        rank: The image's.
        label: The category's index.
    """
    masks = truth.has_masks and (len(columns) == 0 or bool(columns.has_mask.any()))
    kind: Kind = "segm" if masks else "box"
    capped = within_cap(ranked_by(columns, kind), MAX_DETS)
    own = capped.take(capped.category_id == truth.categories.ids[label])
    own = with_mask_area(own) if masks else with_box_area(own)
    own = own.take(np.argsort(-own.score, kind="stable"))
    (image,) = image_overlaps(own, truth, instances, range(rank, rank + 1), kind)
    verdicts, taken = _verdicts(image, bool(truth.judges(np.array([rank]), np.array([label]))[0]))
    of_category = np.flatnonzero(image.gt_label == label)
    lost = ~np.isin(of_category, taken) & ~image.gt_ignored[of_category]
    detections = tuple(
        Detection(
            Shape(_xywh(own.boxes[i]), own.rle(i) if masks else b""), float(own.score[i]), verdict
        )
        for i, verdict in enumerate(verdicts)
    )
    return Judgement(detections, tuple(np.flatnonzero(lost).tolist()))


def _verdicts(image: ImageOverlaps, is_judged: bool) -> tuple[list[Verdict], NDArray[np.int64]]:
    """(D) verdicts, and the instance of the image that each takes, -1 for none."""
    same = image.label[:, None] == image.gt_label[None, :]
    (taken,) = taken_instances(image, same, np.array([IOU]))
    ignored = np.append(image.gt_ignored, False)[taken]
    verdicts = [
        _verdict(is_judged, instance != NO_INSTANCE, on_ignored, exhaustive)
        for instance, on_ignored, exhaustive in zip(
            taken.tolist(), ignored.tolist(), image.exhaustive.tolist(), strict=True
        )
    ]
    return verdicts, taken


def _verdict(is_judged: bool, takes: bool, on_ignored: bool, exhaustive: bool) -> Verdict:
    if not is_judged:
        return Verdict.UNJUDGED
    if takes:
        return Verdict.IGNORED if on_ignored else Verdict.FOUND
    return Verdict.WRONG if exhaustive else Verdict.IGNORED


def _xywh(box: NDArray[np.float64]) -> Box:
    x, y, width, height = box.tolist()
    return x, y, width, height
