"""All judged detections of a prediction set with the objects they found or came near to.

D judged detections by image and then falling score, G objects by image, T overlap thresholds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.evaluation.diagnosis.image_overlaps import ImageOverlaps, greedy_match

NO_OBJECT = -1


@dataclass(frozen=True, eq=False)
class JudgedDetections:
    """What every diagnosis starts from; unjudged detections are not in it.

    Indices of objects are into `gt_label`, -1 for none.

    Attributes:
        label: (D,) category index.
        score: (D,) in [0, 1].
        exhaustive: (D,) False where the image is not exhaustively annotated with the category.
        matched: (T, D) object of its own category that a detection takes, as in LVIS's AP.
        counterpart: (D,) object of any category that a detection takes at the first threshold. A
            detection of a category not exhaustively annotated takes only its own: the object of
            another category may well be of this one too.
        own_gt: (D,) object of its own category that a detection overlaps most, taken or not.
        own_iou: (D,) that overlap.
        other_gt: (D,) object of other categories that a detection overlaps most.
        other_iou: (D,) that overlap.
        gt_label: (G,) category index.
        gt_ignored: (G,) objects that are neither to be found nor wrong to be found.
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

    def right(self, t: int = 0) -> NDArray[np.bool_]:
        """(D,) true positives at a threshold."""
        found: NDArray[np.bool_] = self.matched[t] != NO_OBJECT
        return found & ~self.on_ignored(self.matched[t])

    def wrong(self, t: int = 0) -> NDArray[np.bool_]:
        """(D,) false positives at a threshold; detections may also be neither right nor wrong."""
        unmatched: NDArray[np.bool_] = self.matched[t] == NO_OBJECT
        return unmatched & self.exhaustive

    def on_ignored(self, objects: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these objects (-1 for none) are ignored ones."""
        # Index -1 reads the last value.
        ignored: NDArray[np.bool_] = np.append(self.gt_ignored, False)[objects]
        return ignored

    def num_objects(self, categories: CategoryTable) -> NDArray[np.int64]:
        """(K,) objects to be found."""
        return np.bincount(self.gt_label[~self.gt_ignored], minlength=len(categories))


def collect(images: Iterable[ImageOverlaps], thresholds: NDArray[np.float64]) -> JudgedDetections:
    """Match image by image and put the rows of all images together.

    Args:
        images: Every image of the set.
        thresholds: (T,) overlaps that count as found, the first being the diagnosis's own.
    """
    parts: list[dict[str, NDArray[Any]]] = []
    num_objects = 0
    for image in images:
        part = _match(image, thresholds)
        for name in ("matched", "counterpart", "own_gt", "other_gt"):
            part[name] = np.where(part[name] == NO_OBJECT, NO_OBJECT, part[name] + num_objects)
        num_objects += len(image.gt_label)
        parts.append(part)
    columns = {
        field.name: np.concatenate([part[field.name] for part in parts], axis=-1)
        for field in fields(JudgedDetections)
    }
    return JudgedDetections(**columns)


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
        "matched": greedy_match(image.iou, same, image.gt_ignored, thresholds),
        "counterpart": greedy_match(image.iou, anything, image.gt_ignored, thresholds[:1])[0],
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
        return np.full(len(iou), NO_OBJECT), np.zeros(len(iou))
    overlaps = np.where(eligible, iou, 0.0)
    best = overlaps.argmax(axis=1)
    highest = overlaps[np.arange(len(iou)), best]
    return np.where(highest > 0, best, NO_OBJECT), highest
