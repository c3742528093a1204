"""How far the judged detections of one image overlap its objects, and LVIS's greedy matching.

D detections by falling score, G objects with those to be ignored last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pycocotools.mask
from numba import njit
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.segmentation import compressed_mask
from longtail.evaluation.matching.judged import with_box_area, with_mask_area
from longtail.predictions.columns import DetectionColumns


@njit(cache=True, nogil=True)
def greedy_match(
    iou: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    gt_ignored: NDArray[np.bool_],
    thresholds: NDArray[np.float64],
) -> NDArray[np.int64]:
    """(T, D) int64 index of the object that each detection takes, -1 for none.

    By falling score each detection takes the object of highest overlap that is still free, one
    that counts before one to be ignored; equal overlaps go to the later object, as in lvis-api's
    `evaluate_img`.

    Args:
        iou: (D, G) float64, detections by falling score and ignored objects last.
        allowed: (D, G) bool, which pairs may match: those of one category for LVIS's metrics.
        gt_ignored: (G,) bool.
        thresholds: (T,) lowest overlaps that match.
    """
    num_detections, num_objects = iou.shape
    matched = np.full((len(thresholds), num_detections), -1, dtype=np.int64)
    for t in range(len(thresholds)):
        taken = np.zeros(num_objects, dtype=np.bool_)
        for d in range(num_detections):
            best, found = min(thresholds[t], 1 - 1e-10), -1
            for g in range(num_objects):
                if taken[g] or not allowed[d, g]:
                    continue
                if found >= 0 and gt_ignored[g] and not gt_ignored[found]:
                    break
                if iou[d, g] >= best:
                    best, found = iou[d, g], g
            if found >= 0:
                taken[found] = True
                matched[t, d] = found
    return matched


Kind = Literal["segm", "box"]
# The upper bound of LVIS's area range "all"; an ignored annotation's area lies above it.
LARGEST_AREA = 1e10


@dataclass(frozen=True, eq=False)
class ImageOverlaps:
    """Detections and objects of one image.

    Attributes:
        label: (D,) category index.
        score: (D,) falling; equal scores in the source's order.
        exhaustive: (D,) False where the image is not exhaustively annotated with the category.
        gt_label: (G,) category index.
        gt_ignored: (G,) objects that detections may match without being right or wrong.
        iou: (D, G) overlap in [0, 1].
    """

    label: NDArray[np.int64]
    score: NDArray[np.float64]
    exhaustive: NDArray[np.bool_]
    gt_label: NDArray[np.int64]
    gt_ignored: NDArray[np.bool_]
    iou: NDArray[np.float64]


def image_overlaps(
    judged: DetectionColumns, truth: GroundTruth, ranks: range, kind: Kind
) -> Iterator[ImageOverlaps]:
    """Yield the overlaps of each image, also of one without detections or objects.

    Args:
        judged: Judged detections within the cap of these images, masks checked. Those without an
            area are dropped, as lvis-api drops them.
        truth: The annotations.
        ranks: Ranks of consecutive images.
        kind: What overlaps, masks or boxes.
    """
    counting = with_mask_area(judged) if kind == "segm" else with_box_area(judged)
    rank_of_row = truth.images.find(counting.image_id)
    for rank in ranks:
        rows = np.flatnonzero(rank_of_row == rank)
        by_score = rows[np.argsort(-counting.score[rows], kind="stable")]
        yield _overlaps(counting.take(by_score), truth, rank, kind)


def _overlaps(
    detections: DetectionColumns, truth: GroundTruth, rank: int, kind: Kind
) -> ImageOverlaps:
    image = truth.image_records[rank]
    objects = truth.annotation_dicts(range(rank, rank + 1), with_masks=kind == "segm")
    objects.sort(key=lambda item: item["area"] > LARGEST_AREA)
    gt_ids = np.array([item["category_id"] for item in objects], dtype=np.int64)
    unchecked = np.array(image.not_exhaustive_category_ids, dtype=np.int64)
    return ImageOverlaps(
        label=truth.categories.index_of(detections.category_id),
        score=detections.score,
        exhaustive=~np.isin(detections.category_id, unchecked),
        gt_label=truth.categories.index_of(gt_ids),
        gt_ignored=np.array([item["area"] > LARGEST_AREA for item in objects], dtype=np.bool_),
        iou=_iou(detections, objects, kind, image.height, image.width),
    )


def _iou(
    detections: DetectionColumns, objects: list[dict[str, Any]], kind: Kind, height: int, width: int
) -> NDArray[np.float64]:
    if len(detections) == 0 or not objects:
        return np.zeros((len(detections), len(objects)))
    found: Any
    wanted: Any
    if kind == "box":
        found = np.ascontiguousarray(detections.boxes)
        wanted = np.array([item["bbox"] for item in objects], dtype=np.float64)
    else:
        found = [{"size": [height, width], "counts": counts} for counts in detections.rles()]
        wanted = [compressed_mask(item["segmentation"], height, width) for item in objects]
    crowds = np.zeros(len(objects), dtype=np.uint8)
    return np.asarray(pycocotools.mask.iou(found, wanted, crowds), dtype=np.float64)
