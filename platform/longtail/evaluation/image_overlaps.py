"""How far the judged detections of one image overlap its objects, whatever their categories.

D detections by falling score, G objects with those to be ignored last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

from longtail.evaluation.detections import with_box_area, with_mask_area
from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.segmentation import compressed_mask
from longtail.predictions.columns import DetectionColumns

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
