"""Streaming blocks of detections through hotcoco, which matches them with the ground truth.

A block is 32 images, so memory does not grow with the number of detections.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import hotcoco
import numpy as np

from longtail.evaluation.detections import (
    box_rows,
    check_masks,
    judged,
    mask_dicts,
    with_box_area,
    with_mask_area,
)
from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.summary import Curves
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import IMAGES_PER_BLOCK
from longtail.predictions.store import PredictionStore

OnBlock = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Matched:
    """Curves of masks and boxes, and what went into them.

    Attributes:
        segm: Curves by mask overlap, all -1 where there is nothing to overlap.
        box: Curves by box overlap.
        num_detections: Detections of the store.
        num_judged_masks: Detections with a mask that counted.
        num_judged_boxes: Detections with a box that counted.
        warnings: Why `segm` is undefined, if it is.
    """

    segm: Curves
    box: Curves
    num_detections: int
    num_judged_masks: int
    num_judged_boxes: int
    warnings: tuple[str, ...]


class Stream:
    """hotcoco's streaming LVIS evaluation by one kind of overlap."""

    def __init__(self, truth: GroundTruth, kind: Literal["bbox", "segm"]) -> None:
        self._truth = truth
        self._kind = kind
        columns = zip(truth.categories.ids.tolist(), truth.categories.names, strict=True)
        categories = [dict(zip(("id", "name"), row, strict=True)) for row in columns]
        self._evaluation = hotcoco.StreamingEval(categories, kind, lvis_style=True)
        self.num_judged = 0

    def add(self, ranks: range, detections: DetectionColumns) -> None:
        """Match the judged detections of a range of images."""
        masks = self._kind == "segm"
        counting = with_mask_area(detections) if masks else with_box_area(detections)
        results = mask_dicts(counting) if masks else box_rows(counting)
        self.num_judged += len(counting)
        annotations = self._truth.annotation_dicts(ranks, with_masks=masks)
        self._evaluation.update(self._truth.image_dicts(ranks), annotations, results)

    def curves(self) -> Curves:
        """Precision and recall over all images added; the stream is used up."""
        evaluation = self._evaluation.finalize()
        # Not summarize(): it prints to the process's file descriptor 1.
        evaluation.accumulate()
        accumulated = evaluation.eval
        assert accumulated is not None
        assert list(evaluation.params.cat_ids) == self._truth.categories.ids.tolist()
        # The last axis is hotcoco's list of caps, which has one entry for LVIS.
        return Curves(
            np.asarray(accumulated["precision"])[..., 0], np.asarray(accumulated["recall"])[..., 0]
        )


def match(
    truth: GroundTruth, store: PredictionStore, max_dets: int, on_block: OnBlock | None = None
) -> Matched:
    """Match all detections of a store.

    Args:
        truth: The annotations.
        store: Predictions for the same images.
        max_dets: Best-scored detections that count per image, at most 300.
        on_block: Told the number of blocks done and of all, as they are done.
    """
    boxes, masks = Stream(truth, "bbox"), Stream(truth, "segm")
    any_mask = store.num_detections == 0
    with _no_garbage_collection():
        for block, ranks in enumerate(ranks_of_blocks(len(truth.images))):
            columns = store.read_block(block)
            any_mask = any_mask or bool(columns.has_mask.any())
            counting = judged(columns, truth, max_dets)
            check_masks(counting, truth, store.directory)
            boxes.add(ranks, counting)
            if truth.has_masks:
                masks.add(ranks, counting)
            if on_block is not None:
                on_block(block + 1, store.block_count)
    defined = truth.has_masks and any_mask
    return Matched(
        segm=masks.curves() if defined else Curves.undefined(len(truth.categories)),
        box=boxes.curves(),
        num_detections=store.num_detections,
        num_judged_masks=masks.num_judged,
        num_judged_boxes=boxes.num_judged,
        warnings=tuple(_why_undefined(truth.has_masks, any_mask)),
    )


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """The loop makes a dict for every mask and no cycle: collecting costs a sixth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def ranks_of_blocks(num_images: int) -> Iterator[range]:
    """The image ranks of each block, in order."""
    for start in range(0, num_images, IMAGES_PER_BLOCK):
        yield range(start, min(start + IMAGES_PER_BLOCK, num_images))


def _why_undefined(truth_has_masks: bool, any_mask: bool) -> Iterator[str]:
    if not truth_has_masks:
        yield "the annotations have boxes only: mask AP is undefined (-1)"
    elif not any_mask:
        yield "no detection has a mask: mask AP is undefined (-1)"
