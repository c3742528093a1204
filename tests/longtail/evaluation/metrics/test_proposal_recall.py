"""Class-agnostic recall against pycocotools."""

import contextlib
import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.metrics.proposal_recall import proposal_recall
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]


def pycocotools_recall(annotations: Record, results: list[Record], max_dets: int) -> list[float]:
    """AR over all, small, medium and large objects."""
    kept = [copy.deepcopy(a) for a in annotations["annotations"] if a["area"] > 0]
    for annotation in kept:
        ignored = annotation.pop("ignore", 0)
        annotation |= {"iscrowd": 0, "area": 2e10 if ignored else annotation["area"]}
    boxes = [r for r in results if r["bbox"][2] * r["bbox"][3] > 0]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = annotations | {"annotations": kept}
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(copy.deepcopy(boxes)), "bbox")
        evaluation.params.useCats = 0
        evaluation.params.maxDets = [max_dets]
        evaluation.evaluate()
        evaluation.accumulate()
    return [float(recall.mean()) for recall in evaluation.eval["recall"][:, 0, :, 0].T]


@pytest.mark.parametrize(("seed", "max_dets"), [(80, 1000), (81, 1000), (82, 5)])
def test_recall_of_random_problems_is_that_of_pycocotools(
    seed: int, max_dets: int, make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, results = make_problem(seed, num_images=40, decimals=9)
    found = proposal_recall(*opened(write(annotations, results)), max_dets)
    assert list(found) == [f"{name}@{max_dets}" for name in ("AR", "ARs", "ARm", "ARl")]
    assert list(found.values()) == pytest.approx(
        pycocotools_recall(annotations, results, max_dets), abs=1e-12
    )


def test_more_than_300_detections_of_an_image_take_part(
    make_problem: MakeProblem, write: Write
) -> None:
    annotations, results = make_problem(30, num_images=6, copies=20, decimals=9)
    best = results[0] | {"score": 1.0}
    results = [best] * 400 + results
    evaluation = evaluate(*write(annotations, results), extras=["proposals"])
    expected = pycocotools_recall(annotations, results, 1000)
    assert list(evaluation.extras["proposals"].values()) == pytest.approx(expected, abs=1e-12)
    assert (
        evaluation.extras["proposals"]["AR@1000"] > pycocotools_recall(annotations, results, 300)[0]
    )


def test_the_labels_do_not_matter(make_problem: MakeProblem, write: Write, opened: Opened) -> None:
    annotations, results = make_problem(83)
    first = proposal_recall(*opened(write(annotations, results)))
    other = [r | {"category_id": annotations["categories"][0]["id"]} for r in results]
    assert proposal_recall(*opened(write(annotations, other))) == first


def test_zero_detections_find_nothing(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, _ = make_problem(84)
    assert proposal_recall(*opened(write(annotations, [])))["AR@1000"] == 0.0
