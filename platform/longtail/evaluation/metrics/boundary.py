"""Boundary AP (Cheng et al. 2021), computed by the optional package `vernier`.

The overlap of two masks is the smaller one of their IoU and the IoU of their boundaries, a band
of 2 % of the image's diagonal as in the authors' evaluator and in the LVIS challenge of 2021. All
else is as in mask AP. Unlike mask AP it is
evaluated at once: the set's judged masks are held in memory, as JSON.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import msgspec
import numpy as np

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.segmentation import compressed_counts
from longtail.evaluation.matching.blocks import OnBlock, ranks_of_blocks
from longtail.evaluation.matching.judged import (
    check_masks,
    judged,
    mask_dicts,
    ranked_by,
    with_mask_area,
)
from longtail.evaluation.metrics.extra_metric import EvaluatedSet, ExtraMetric
from longtail.evaluation.metrics.summary import Curves, summarize
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore

BAND_WIDTH = 0.02
"""Width of a boundary by the image's diagonal: `dilation_ratio` of the authors' code."""


def check_available() -> None:
    """Say before the work that the package is not there.

    Raises:
        ValueError: It is not installed.
    """
    if find_spec("vernier") is None:
        raise ValueError(
            "boundary AP needs the package vernier, which is not installed; in the project's "
            "folder: pip install -c constraints.txt -e '.[boundary]'"
        )


def boundary_metrics(
    truth: GroundTruth, store: PredictionStore, max_dets: int, on_block: OnBlock | None = None
) -> dict[str, float]:
    """The thirteen LVIS metrics by boundary overlap, as fractions; -1 where undefined.

    Args:
        truth: The annotations.
        store: The predictions.
        max_dets: Best-scored detections that count per image.
        on_block: Told the number of blocks done and of all, as they are done.

    Raises:
        ValueError: `vernier` is not installed.
    """
    check_available()
    from vernier import _core

    results: list[dict[str, Any]] = []
    any_mask = store.num_detections == 0
    for block in range(store.block_count):
        columns = ranked_by(store.read_block(block), "segm")
        any_mask = any_mask or bool(columns.has_mask.any())
        counting = judged(columns, truth, max_dets)
        check_masks(counting, truth, store.directory)
        results += _results(with_mask_area(counting))
        if on_block is not None:
            on_block(block + 1, store.block_count)
    if not (truth.has_masks and any_mask):
        return summarize(Curves.undefined(len(truth.categories)), truth.categories, max_dets)
    annotations = _core.CocoDataset.from_lvis_json(msgspec.json.encode(_annotations(truth)))
    grid = _core.evaluate_boundary_grid(
        annotations,
        msgspec.json.encode(results),
        parity_mode="strict",
        max_dets_per_image=max_dets,
        use_cats=True,
        dilation_ratio=BAND_WIDTH,
        num_threads=1,
        dt_area="mask",
    )
    accumulated = grid.accumulate([max_dets])
    precision, recall = np.asarray(accumulated.precision), np.asarray(accumulated.recall)
    curves = Curves(precision[..., 0], recall[..., 0])
    return summarize(curves, truth.categories, max_dets)


def _results(columns: DetectionColumns) -> list[dict[str, Any]]:
    # vernier asks for boxes, though with dt_area="mask" it does not use them.
    boxes = columns.boxes.tolist()
    results = mask_dicts(columns)
    for result, box in zip(results, boxes, strict=True):
        result["bbox"] = box
        result["segmentation"]["counts"] = result["segmentation"]["counts"].decode()
    return results


def _annotations(truth: GroundTruth) -> dict[str, Any]:
    columns = zip(truth.categories.ids.tolist(), truth.categories.names, strict=True)
    frequency = truth.categories.frequency.tolist()
    return {
        "images": list(_images(truth)),
        "annotations": [
            _with_mask(item, truth, rank, counts)
            for ranks in ranks_of_blocks(len(truth.images))
            for rank in ranks
            for item, counts in zip(
                truth.annotation_dicts(range(rank, rank + 1), with_masks=False),
                compressed_counts(truth, rank),
                strict=True,
            )
        ],
        "categories": [
            {"id": id_, "name": name, "frequency": group}
            for (id_, name), group in zip(columns, frequency, strict=True)
        ],
    }


def _images(truth: GroundTruth) -> Iterator[dict[str, Any]]:
    """Image records whose lists do not contradict each other, which vernier refuses.

    A category that is annotated cannot be absent. One that is listed as absent and as not
    exhaustive asks for nothing: its detections are neither true nor false positives.
    """
    for rank, image in enumerate(truth.image_dicts(range(len(truth.images)))):
        present = {record.category_id for record in truth.annotations[rank]}
        unchecked = set(image["not_exhaustive_category_ids"])
        absent = set(image["neg_category_ids"]) - present - unchecked
        yield image | {
            "neg_category_ids": sorted(absent),
            "not_exhaustive_category_ids": sorted(unchecked & present),
        }


def _with_mask(
    item: dict[str, Any], truth: GroundTruth, rank: int, counts: bytes
) -> dict[str, Any]:
    size = [int(truth.images.heights[rank]), int(truth.images.widths[rank])]
    return item | {"segmentation": {"size": size, "counts": counts.decode()}}


def _of_set(of: EvaluatedSet) -> dict[str, float]:
    return boundary_metrics(of.truth, of.store, of.max_dets, of.on_block)


BOUNDARY = ExtraMetric(
    name="boundary",
    description="boundary AP",
    label="boundary",
    compute=_of_set,
    is_row=True,
    check_available=check_available,
)
