"""All judged detections of a prediction set with the instances they found or came near to.

D judged detections by image and then falling score, G instances by image, T overlap thresholds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.evaluation.annotations.instances import starts_of
from longtail.evaluation.diagnosis.image_overlaps import ImageOverlaps
from longtail.evaluation.matching.kernel import match_detections, preference
from longtail.evaluation.protocol import as_bits

NO_INSTANCE = -1
ALL_AREAS = 0


@dataclass(frozen=True, eq=False)
class JudgedDetections:
    """What every diagnosis starts from; unjudged detections are not in it.

    Indices of instances are into `gt_label`, -1 for none.

    Attributes:
        label: (D,) category index.
        score: (D,) in [0, 1].
        exhaustive: (D,) False where the image is not exhaustively annotated with the category.
        matched: (T, D) instance of its own category that a detection takes, as in LVIS's AP.
        counterpart: (D,) instance of any category that a detection takes at the first threshold. A
            detection of a category not exhaustively annotated takes only its own: the instance of
            another category may well be of this one too.
        own_gt: (D,) instance of its own category that a detection overlaps most, taken or not.
        own_iou: (D,) that overlap.
        other_gt: (D,) instance of other categories that a detection overlaps most.
        other_iou: (D,) that overlap.
        gt_label: (G,) category index.
        gt_ignored: (G,) instances that are neither to be found nor false positives to find.
    """

    label: NDArray[np.int64]
    score: NDArray[np.float64]
    exhaustive: NDArray[np.bool_]
    matched: NDArray[np.int64]
    counterpart: NDArray[np.int64]
    own_gt: NDArray[np.int64]
    own_iou: NDArray[np.float64]
    other_gt: NDArray[np.int64]
    other_iou: NDArray[np.float64]
    gt_label: NDArray[np.int64]
    gt_ignored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.label)

    def true_positives(self, t: int = 0) -> NDArray[np.bool_]:
        """(D,) true positives at a threshold."""
        found: NDArray[np.bool_] = self.matched[t] != NO_INSTANCE
        return found & ~self.on_ignored(self.matched[t])

    def false_positives(self, t: int = 0) -> NDArray[np.bool_]:
        """(D,) false positives at a threshold; a detection may also be neither."""
        unmatched: NDArray[np.bool_] = self.matched[t] == NO_INSTANCE
        return unmatched & self.exhaustive

    def on_ignored(self, instances: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these instances (-1 for none) are ignored ones."""
        # Index -1 reads the last value.
        ignored: NDArray[np.bool_] = np.append(self.gt_ignored, False)[instances]
        return ignored

    def num_instances(self, categories: CategoryTable) -> NDArray[np.int64]:
        """(K,) instances to be found."""
        return np.bincount(self.gt_label[~self.gt_ignored], minlength=len(categories))


def collect(images: Iterable[ImageOverlaps], thresholds: NDArray[np.float64]) -> JudgedDetections:
    """Judged detections of all images, matched image by image.

    Args:
        images: Every image of the set.
        thresholds: (T,) overlaps that count as found, at most 16, the first being the diagnosis's
            own.
    """
    blocks: list[dict[str, NDArray[Any]]] = []
    num_instances = 0
    for image in images:
        block = _match(image, thresholds)
        for name in ("matched", "counterpart", "own_gt", "other_gt"):
            block[name] = np.where(
                block[name] == NO_INSTANCE, NO_INSTANCE, block[name] + num_instances
            )
        num_instances += len(image.gt_label)
        blocks.append(block)
    columns = {
        field.name: np.concatenate([block[field.name] for block in blocks], axis=-1)
        for field in fields(JudgedDetections)
    }
    return JudgedDetections(**columns)


def taken_instances(
    image: ImageOverlaps, allowed: NDArray[np.bool_], thresholds: NDArray[np.float64]
) -> NDArray[np.int64]:
    """(T, D) instance of the image that each detection takes by lvis-api's rule, -1 for none.

    Args:
        image: D detections and G instances.
        allowed: (D, G) which pairs may match: those of one category for LVIS's metrics.
        thresholds: (T,) lowest overlaps that match, at most 16.
    """
    # As in lvis-api, which lets an overlap of 1 pass whatever its last digit.
    lowest = np.minimum(thresholds, 1 - 1e-10)
    detection, instance = np.nonzero(allowed & (image.iou >= lowest.min()))
    iou = image.iou[detection, instance]
    order = preference(detection, instance, iou)
    detection, instance, iou = detection[order], instance[order], iou[order]
    num_detections = len(image.label)
    _, _, takes = match_detections(
        np.arange(num_detections),
        np.zeros(num_detections, dtype=np.uint8),
        image.gt_ignored.astype(np.uint8),
        starts_of(np.bincount(detection, minlength=num_detections)),
        instance,
        as_bits(iou[:, None] >= lowest),
        ALL_AREAS,
        np.uint16(2 ** len(thresholds) - 1),
    )
    taken = np.full((len(thresholds), num_detections), NO_INSTANCE)
    for t in range(len(thresholds)):
        at_t = (takes >> t & 1).astype(np.bool_)
        taken[t, detection[at_t]] = instance[at_t]
    return taken


def _match(image: ImageOverlaps, thresholds: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    same = image.label[:, None] == image.gt_label[None, :]
    anything = same | image.exhaustive[:, None]
    counts = ~image.gt_ignored[None, :]
    own_gt, own_iou = _most_overlapped(image.iou, same & counts)
    other_gt, other_iou = _most_overlapped(image.iou, ~same & counts)
    return {
        "label": image.label,
        "score": image.score,
        "exhaustive": image.exhaustive,
        "matched": taken_instances(image, same, thresholds),
        "counterpart": taken_instances(image, anything, thresholds[:1])[0],
        "own_gt": own_gt,
        "own_iou": own_iou,
        "other_gt": other_gt,
        "other_iou": other_iou,
        "gt_label": image.gt_label,
        "gt_ignored": image.gt_ignored,
    }


def _most_overlapped(
    iou: NDArray[np.float64], eligible: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if iou.shape[1] == 0:
        return np.full(len(iou), NO_INSTANCE), np.zeros(len(iou))
    overlaps = np.where(eligible, iou, 0.0)
    best = overlaps.argmax(axis=1)
    highest = overlaps[np.arange(len(iou)), best]
    return np.where(highest > 0, best, NO_INSTANCE), highest
