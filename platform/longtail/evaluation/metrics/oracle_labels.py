"""AP with oracle labels: if every detection that lies on an instance had its label.

The headroom of classification: report 004, Table 4 ("props-gt"): the predicted class of each
proposal is replaced by that of its ground truth, boxes and masks stay, and the suppression by class
that follows leaves about one of the proposals on an instance. A prediction set comes after
suppression, so one proposal may be there under several classes, which oracle labels make
duplicates. Here the best-scored detection on an instance stays and the others on it go. Suppressing
by class anew would also take true positives of neighbours of one class that overlap each other,
which AP counts, and would leave duplicates that overlap the instance but not each other.

Hence with boxes that fit their instances the headroom is never below AP. Where they do not, it can
be: as in the report the score decides who stays, not the overlap.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.matching.blocks import OnBlock, ranks_of_blocks
from longtail.evaluation.matching.judged import check_masks, ranked_by, within_cap
from longtail.evaluation.matching.match_store import find_overlaps
from longtail.evaluation.matching.shapes import iou_matrix, shapes_of
from longtail.evaluation.matching.shard import Kind
from longtail.evaluation.metrics.extra_metric import EvaluatedSet, ExtraMetric
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.evaluation.metrics.summary import Curves, summarize
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
NO_INSTANCE = -1


def oracle_label_curves(
    truth: GroundTruth,
    store: PredictionStore,
    kind: Kind,
    max_dets: int,
    on_block: OnBlock | None = None,
) -> Curves:
    """Curves of a store whose detections have the labels of the instances they lie on.

    Args:
        truth: The annotations.
        store: The predictions.
        kind: Overlap of masks or of boxes decides which instance that is.
        max_dets: Best-scored detections that count per image.
        on_block: Told the number of blocks done and of all, as they are done, in two passes.
    """
    labelled = with_oracle_labels(truth, store, kind, max_dets, on_block)
    overlaps = find_overlaps(truth, labelled, kind, on_block)
    rescorer = Rescorer(overlaps, truth.categories, kind, max_dets, inputs={})
    return rescorer.curves(rescorer.scores)


def with_oracle_labels(
    truth: GroundTruth,
    store: PredictionStore,
    kind: Kind,
    max_dets: int,
    on_block: OnBlock | None = None,
) -> StoreView:
    """The store with the labels of instances on detections, and one detection on each instance.

    A detection lies on the instance that it overlaps best, if by an IoU of 0.5 or more; of equal
    overlaps on that of its own label, else on the earlier annotation. Of those on an instance the
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
    instances = Instances.of(truth)
    found = []
    for block, ranks in enumerate(ranks_of_blocks(len(truth.images))):
        columns = store.read_block(block, with_masks=kind == "segm")
        capped = within_cap(ranked_by(columns, kind), max_dets)
        if kind == "segm":
            check_masks(capped, truth, store.directory)
        found.append(_rows_and_labels(capped, truth, instances, ranks, kind))
        if on_block is not None:
            on_block(block + 1, store.block_count)

    def change(block: int, columns: DetectionColumns) -> DetectionColumns:
        rows, labels = found[block]
        capped = within_cap(ranked_by(columns, kind), max_dets)
        return replace(capped.take(rows), category_id=labels)

    return StoreView(store, change, sum(len(rows) for rows, _ in found))


def _rows_and_labels(
    columns: DetectionColumns, truth: GroundTruth, instances: Instances, ranks: range, kind: Kind
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of a block that stay, and their category ids."""
    labels = columns.category_id.copy()
    instance = np.full(len(columns), NO_INSTANCE)
    rank_of_row = truth.images.find(columns.image_id)
    for rank in ranks:
        first, last = instances.starts[rank], instances.starts[rank + 1]
        rows = np.flatnonzero(rank_of_row == rank)
        if not len(rows) or first == last:
            continue
        gt_labels = truth.categories.ids[instances.label[first:last]]
        of_image = columns.take(rows)
        shapes = shapes_of(kind, of_image, truth, instances, range(rank, rank + 1))
        overlaps = iou_matrix(shapes, MIN_IOU)
        highest = overlaps.max(axis=1, keepdims=True)
        own_label = gt_labels == labels[rows, None]
        best = ((overlaps == highest) * (1 + own_label)).argmax(axis=1)
        on_instance = highest[:, 0] >= MIN_IOU
        labels[rows[on_instance]] = gt_labels[best[on_instance]]
        instance[rows[on_instance]] = first + best[on_instance]
    stays = instance == NO_INSTANCE
    by_score = np.argsort(-columns.score, kind="stable")
    stays[by_score[np.unique(instance[by_score], return_index=True)[1]]] = True
    return np.flatnonzero(stays), labels[stays]


def _headroom(of: EvaluatedSet) -> dict[str, float]:
    """The thirteen metrics of masks, or of boxes where there are no masks."""
    kind = next(iter(of.matched.rescorers))
    curves = oracle_label_curves(of.truth, of.store, kind, of.max_dets, of.on_block)
    return summarize(curves, of.truth.categories, of.max_dets)


HEADROOM = ExtraMetric(
    name="headroom",
    description="headroom of the labels",
    label="headroom",
    compute=_headroom,
    is_row=True,
)
