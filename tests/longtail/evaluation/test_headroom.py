"""Labels of the objects on the detections."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest

from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.headroom import relabelled
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.overlaps import Kind
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
LvisApi = Callable[..., dict[str, float]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]


def slow_labels(annotations: Record, results: list[Record], kind: Kind) -> list[Record]:
    """Results with the label of the best object, one overlap at a time."""
    sizes = {image["id"]: (image["height"], image["width"]) for image in annotations["images"]}
    relabelled_results = []
    for result in results:
        height, width = sizes[result["image_id"]]
        best, label = 0.5 - 1e-12, result["category_id"]
        for annotation in annotations["annotations"]:
            if annotation["image_id"] != result["image_id"] or annotation["area"] == 0:
                continue
            overlap = (
                mask_iou(result["segmentation"], annotation["segmentation"], height, width)
                if kind == "segm"
                else float(pycocotools.mask.iou([result["bbox"]], [annotation["bbox"]], [0])[0, 0])
            )
            if overlap > best:
                best, label = overlap, annotation["category_id"]
        relabelled_results.append(result | {"category_id": label})
    return relabelled_results


def mask_iou(found: Record, wanted: Any, height: int, width: int) -> float:
    if isinstance(wanted, list):
        wanted = pycocotools.mask.merge(pycocotools.mask.frPyObjects(wanted, height, width))
    elif isinstance(wanted["counts"], list):
        wanted = pycocotools.mask.frPyObjects(wanted, height, width)
    a, b = (pycocotools.mask.decode(mask).astype(bool) for mask in (found, wanted))
    union = np.logical_or(a, b).sum()
    return float(np.logical_and(a, b).sum() / union) if union else 0.0


@pytest.mark.parametrize("kind", ["segm", "box"])
@pytest.mark.parametrize("seed", [70, 71, 72])
def test_labels_are_those_of_the_best_objects(
    seed: int, kind: Kind, make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, results = make_problem(seed, num_images=40)
    truth, store = opened(write(annotations, results))
    view = relabelled(truth, store, kind).read_all()
    expected = slow_labels(annotations, results, kind)
    by_image = sorted(expected, key=lambda r: r["image_id"])
    assert view.category_id.tolist() == [r["category_id"] for r in by_image]
    assert view.rles() == store.read_all().rles()
    assert view.category_id.tolist() != store.read_all().category_id.tolist()


def test_the_headroom_is_lvis_apis_ap_of_the_relabelled_results(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(73)
    paths = write(annotations, results)
    evaluation = evaluate(*paths, extras=["headroom"])
    assert evaluation.headroom == lvis_api(
        paths[0], slow_labels(annotations, results, "segm"), "segm"
    )


def test_wrong_labels_alone_are_all_headroom(make_problem: MakeProblem, write: Write) -> None:
    annotations, _ = make_problem(74)
    ids = [category["id"] for category in annotations["categories"]]
    for annotation in annotations["annotations"]:
        annotation.pop("ignore", None)
    results = [
        {
            "image_id": a["image_id"],
            "category_id": ids[(ids.index(a["category_id"]) + 1) % len(ids)],
            "bbox": a["bbox"],
            "score": 0.9,
        }
        for a in annotations["annotations"]
        if a["area"] > 0
    ]
    evaluation = evaluate(*write(annotations, results), extras=["headroom"])
    assert evaluation.headroom["AP"] == pytest.approx(1.0)
    assert evaluation.box["AP"] < 0.5
