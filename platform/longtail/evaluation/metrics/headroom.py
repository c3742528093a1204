"""Classification headroom: AP if every detection that lies on an object had its label.

Report 004, Table 4 ("props-gt"): the predicted class of each proposal is replaced by that of its
ground truth, boxes and masks stay, and the suppression by class that follows leaves about one of
the proposals on an object. A prediction set comes after suppression, so one proposal may be there
under several classes, which relabelling makes duplicates. Here the best-scored detection on an
object stays and the others on it go. Suppressing by class anew would also take right detections of
neighbours of one class that overlap each other, which AP counts, and would leave duplicates that
overlap the object but not each other.

Hence with boxes that fit their objects the headroom is never below AP. Where they do not, it can
be: as in the report the score decides who stays, not the overlap.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.segmentation import compressed_mask
from longtail.evaluation.matching.blocks import OnBlock, ranks_of_blocks
from longtail.evaluation.matching.judged import check_masks, ranked_by, within_cap
from longtail.evaluation.matching.match_store import find_overlaps
from longtail.evaluation.matching.part import Kind
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.evaluation.metrics.summary import Curves
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore

BlockChange = Callable[[int, DetectionColumns], DetectionColumns]
"""Takes a block's number and its rows, with or without masks; returns the rows to show."""


class StoreView(PredictionStore):
    """A store of which every block is changed as it is read."""

    def __init__(self, store: PredictionStore, change: BlockChange, num_detections: int) -> None:
        super().__init__(store.directory, store.manifest)
        self._store = store
        self._change = change
        self._num_detections = num_detections

    @property
    def num_detections(self) -> int:
        """Rows of all blocks after the change."""
        return self._num_detections

    def read_block(
        self, block: int, with_masks: bool = True, with_soft_masks: bool = False
    ) -> DetectionColumns:
        """The rows of one block after the change."""
        return self._change(block, self._store.read_block(block, with_masks, with_soft_masks))


MIN_IOU = 0.5
NO_OBJECT = -1


def relabelled_curves(
    truth: GroundTruth,
    store: PredictionStore,
    kind: Kind,
    max_dets: int,
    on_block: OnBlock | None = None,
) -> Curves:
    """Curves of a store whose detections have the labels of the objects they lie on.

    Args:
        truth: The annotations.
        store: The predictions.
        kind: Overlap of masks or of boxes decides which object that is.
        max_dets: Best-scored detections that count per image.
        on_block: Told the number of blocks done and of all, as they are done, in two passes.
    """
    overlaps = find_overlaps(
        truth, relabelled(truth, store, kind, max_dets, on_block), kind, on_block
    )
    rescorer = Rescorer(overlaps, truth.categories, kind, max_dets, inputs={})
    return rescorer.curves(rescorer.scores)


def relabelled(
    truth: GroundTruth,
    store: PredictionStore,
    kind: Kind,
    max_dets: int,
    on_block: OnBlock | None = None,
) -> StoreView:
    """The store with the labels of objects on detections, and one detection on each object.

    A detection lies on the object that it overlaps best, if by an IoU of 0.5 or more; of equal
    overlaps on that of its own label, else on the earlier annotation. Of those on an object the
    best-scored stays, of equal scores the earlier. All others keep their labels and stay, also
    those without a mask where masks decide. The cap comes first, so no detection moves up into
    the place of a duplicate: what changes is labels.

    Args:
        truth: The annotations.
        store: The predictions.
        kind: Overlap of masks or of boxes.
        max_dets: Best-scored detections that count per image.
        on_block: Told the number of blocks done and of all, as they are done.
    """
    found = []
    for block, ranks in enumerate(ranks_of_blocks(len(truth.images))):
        columns = store.read_block(block, with_masks=kind == "segm")
        capped = within_cap(ranked_by(columns, kind), max_dets)
        if kind == "segm":
            check_masks(capped, truth, store.directory)
        found.append(_rows_and_labels(capped, truth, ranks, kind))
        if on_block is not None:
            on_block(block + 1, store.block_count)

    def change(block: int, columns: DetectionColumns) -> DetectionColumns:
        rows, labels = found[block]
        capped = within_cap(ranked_by(columns, kind), max_dets)
        return replace(capped.take(rows), category_id=labels)

    return StoreView(store, change, sum(len(rows) for rows, _ in found))


def _rows_and_labels(
    columns: DetectionColumns, truth: GroundTruth, ranks: range, kind: Kind
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of a block that stay, and their category ids."""
    labels = columns.category_id.copy()
    objects = np.full(len(columns), NO_OBJECT)
    rank_of_row = truth.images.find(columns.image_id)
    num_objects = 0
    for rank in ranks:
        gt_labels = np.array([record.category_id for record in truth.annotations[rank]])
        rows = np.flatnonzero((rank_of_row == rank) & _has_shape(columns, kind))
        if len(rows) and len(gt_labels):
            overlaps = _overlaps(columns.take(rows), truth, rank, kind)
            highest = overlaps.max(axis=1, keepdims=True)
            own_label = gt_labels == labels[rows, None]
            best = ((overlaps == highest) * (1 + own_label)).argmax(axis=1)
            on_object = highest[:, 0] >= MIN_IOU
            labels[rows[on_object]] = gt_labels[best[on_object]]
            objects[rows[on_object]] = num_objects + best[on_object]
        num_objects += len(gt_labels)
    stays = objects == NO_OBJECT
    by_score = np.argsort(-columns.score, kind="stable")
    stays[by_score[np.unique(objects[by_score], return_index=True)[1]]] = True
    return np.flatnonzero(stays), labels[stays]


def _overlaps(
    detections: DetectionColumns, truth: GroundTruth, rank: int, kind: Kind
) -> NDArray[np.float64]:
    """IoU of an image's detections with each of its objects."""
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
    return np.asarray(pycocotools.mask.iou(found, wanted, crowds), dtype=np.float64)


def _has_shape(columns: DetectionColumns, kind: Kind) -> NDArray[np.bool_]:
    return columns.has_mask if kind == "segm" else np.ones(len(columns), dtype=np.bool_)
