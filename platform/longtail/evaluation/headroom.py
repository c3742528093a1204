"""Classification headroom: AP if every detection that lies on an object had its label.

Report 004, Table 4 ("props-gt"): the predicted class of each proposal is replaced by that of its
ground truth, boxes and masks stay. Where this differs from the report: a prediction set holds
detections and not proposals, so one proposal may be there under several classes. After
relabelling these are duplicates, and duplicates count as wrong: the result is a lower bound, even
below AP where nearly all labels are right.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

from longtail.evaluation.detections import check_masks
from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.matching import Matched, OnBlock, match, ranks_of_blocks
from longtail.evaluation.overlaps import Kind
from longtail.evaluation.segmentation import compressed_mask
from longtail.evaluation.store_view import StoreView
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore

MIN_IOU = 0.5


def match_relabelled(
    truth: GroundTruth,
    store: PredictionStore,
    kind: Kind,
    max_dets: int,
    on_block: OnBlock | None = None,
) -> Matched:
    """Match a store whose detections have the labels of the objects they lie on.

    Args:
        truth: The annotations.
        store: The predictions.
        kind: Overlap of masks or of boxes decides which object that is.
        max_dets: Detections that count per image; which ones they are does not change.
        on_block: Told the number of blocks done and of all, as they are done.
    """
    return match(truth, relabelled(truth, store, kind), max_dets, on_block)


def relabelled(truth: GroundTruth, store: PredictionStore, kind: Kind) -> StoreView:
    """The store with, on each detection, the label of the object that it overlaps best.

    Of equal overlaps the earlier annotation counts. Under an IoU of 0.5 a detection keeps its
    label, and so does one without a mask where masks decide.
    """
    ranks = list(ranks_of_blocks(len(truth.images)))

    def change(block: int, columns: DetectionColumns) -> DetectionColumns:
        if kind == "segm":
            check_masks(columns, truth, store.directory)
        category_id = columns.category_id.copy()
        rank_of_row = truth.images.find(columns.image_id)
        for rank in ranks[block]:
            rows = np.flatnonzero((rank_of_row == rank) & _has_shape(columns, kind))
            if len(rows) and truth.annotations[rank]:
                best, iou = _best_object(columns.take(rows), truth, rank, kind)
                on_object = iou >= MIN_IOU
                category_id[rows[on_object]] = best[on_object]
        return replace(columns, category_id=category_id)

    return StoreView(store, change, store.num_detections)


def _best_object(
    detections: DetectionColumns, truth: GroundTruth, rank: int, kind: Kind
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Category id of each detection's best object, and the overlap with it."""
    objects = truth.annotation_dicts(range(rank, rank + 1), with_masks=kind == "segm")
    image = truth.image_records[rank]
    crowds = np.zeros(len(objects), dtype=np.uint8)
    found: Any
    wanted: Any
    if kind == "segm":
        size = [image.height, image.width]
        found = [{"size": size, "counts": counts} for counts in detections.rles()]
        wanted = [compressed_mask(item["segmentation"], *size) for item in objects]
    else:
        found = np.ascontiguousarray(detections.boxes)
        wanted = np.array([item["bbox"] for item in objects], dtype=np.float64)
    overlaps = np.asarray(pycocotools.mask.iou(found, wanted, crowds), dtype=np.float64)
    labels = np.array([item["category_id"] for item in objects], dtype=np.int64)
    return labels[overlaps.argmax(axis=1)], overlaps.max(axis=1)


def _has_shape(columns: DetectionColumns, kind: Kind) -> NDArray[np.bool_]:
    return columns.has_mask if kind == "segm" else np.ones(len(columns), dtype=np.bool_)
