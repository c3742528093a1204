"""The official evaluator, lvis-api, on the same detections: slow, and the judge of ours.

It is given every detection, before our cap and filters. Masks go in without `bbox`; boxes are
those of the store. Two repairs let it run at all: `np.float`, gone since numpy 1.24, and one
detection without area for a set without detections, on which it would stop with an IndexError
(it drops detections without area).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.judged import check_masks, mask_dicts, ranked_by
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore
from longtail.rle.codec import encode


def lvis_api_metrics(
    truth: GroundTruth, store: PredictionStore, max_dets: int
) -> dict[str, dict[str, float]]:
    """lvis-api's thirteen metrics for `box`, and for `segm` where there are masks.

    Args:
        truth: The annotations, already checked: lvis-api reads their file itself.
        store: The predictions.
        max_dets: Best-scored detections that count per image.
    """
    columns = store.read_all()
    check_masks(columns, truth, store.directory)
    metrics = {"box": _run(truth, _box_dicts(columns), "bbox", max_dets)}
    if truth.has_masks and (len(columns) == 0 or bool(columns.has_mask.any())):
        metrics["segm"] = _run(truth, _mask_dicts(columns), "segm", max_dets)
    return metrics


def _run(
    truth: GroundTruth,
    results: list[dict[str, Any]],
    kind: Literal["bbox", "segm"],
    max_dets: int,
) -> dict[str, float]:
    with _numpy_float():
        import lvis

        logging.getLogger("lvis").setLevel(logging.ERROR)
        annotations = lvis.LVIS(str(truth.path))
        # Annotation id 0 would read as "no match".
        for annotation in annotations.dataset["annotations"]:
            annotation["id"] += 1
        if truth.exhaustive:
            _complete_lists(annotations.dataset["images"], truth)
        annotations._create_index()
        results = results or [_without_area(truth)]
        capped = lvis.LVISResults(annotations, results, max_dets=max_dets)
        evaluation = lvis.LVISEval(annotations, capped, kind)
        evaluation.params.max_dets = max_dets
        evaluation.run()
    return {name: float(value) for name, value in evaluation.get_results().items()}


def _complete_lists(images: list[dict[str, Any]], truth: GroundTruth) -> None:
    """Write out what `--exhaustive` says, which lvis-api has no word for."""
    ranks = truth.images.find(np.array([image["id"] for image in images])).tolist()
    for image, rank in zip(images, ranks, strict=True):
        image["neg_category_ids"] = truth.absent_ids(rank)
        image.setdefault("not_exhaustive_category_ids", [])


@contextmanager
def _numpy_float() -> Iterator[None]:
    np.float = float  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del np.float  # type: ignore[attr-defined]


def _box_dicts(columns: DetectionColumns) -> list[dict[str, Any]]:
    rows = zip(
        columns.image_id.tolist(),
        columns.category_id.tolist(),
        columns.boxes.tolist(),
        columns.score.tolist(),
        strict=True,
    )
    names = ("image_id", "category_id", "bbox", "score")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _mask_dicts(columns: DetectionColumns) -> list[dict[str, Any]]:
    # A detection without a mask keeps its slot under the cap as a mask without a pixel.
    results = mask_dicts(ranked_by(columns, "segm"))
    for result in results:
        mask = result["segmentation"]
        mask["counts"] = mask["counts"] or encode(np.array([mask["size"][0] * mask["size"][1]]))
    return results


def _without_area(truth: GroundTruth) -> dict[str, Any]:
    image_id, category_id = int(truth.images.ids[0]), int(truth.categories.ids[0])
    nowhere = [0.0, 0.0, 0.0, 0.0]
    return {"image_id": image_id, "category_id": category_id, "bbox": nowhere, "score": 0.0}
