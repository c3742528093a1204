"""Boundary AP against lvis-api with the overlap of boundaries put in by hand: the rule of the
authors' evaluator (bowenc0221/boundary-iou-api), written plainly."""

import copy
import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pycocotools.mask
import pytest

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.metrics.boundary import boundary_metrics, check_available
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]

needs_vernier = pytest.mark.skipif(
    importlib.util.find_spec("vernier") is None, reason="the extra `boundary` is not installed"
)


def boundary(mask: np.ndarray) -> np.ndarray:
    """What erosion takes off: 3 x 3, as often as 2 % of the diagonal has pixels, and once at least.

    A row of zeros around the image makes its border an edge.
    """
    width = max(1, round(0.02 * float(np.hypot(*mask.shape))))
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)
    return mask & (eroded[1:-1, 1:-1] == 0)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    union = (a | b).sum()
    return float((a & b).sum() / union) if union else 0.0


def official(path: Path, results: list[Record]) -> dict[str, float]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "float", float, raising=False)
        import lvis

        class BoundaryEval(lvis.LVISEval):  # type: ignore[misc]
            """IoU is the smaller one of masks and boundaries."""

            def compute_iou(self, img_id: int, cat_id: int) -> Any:
                gt, dt = self._get_gt_dt(img_id, cat_id)
                if len(gt) == 0 and len(dt) == 0:
                    return []
                dt = [dt[i] for i in np.argsort([-d["score"] for d in dt], kind="mergesort")]
                found, wanted = (
                    [pycocotools.mask.decode(r["segmentation"]).astype(bool) for r in rows]
                    for rows in (dt, gt)
                )
                return np.array(
                    [
                        [min(overlap(d, g), overlap(boundary(d), boundary(g))) for g in wanted]
                        for d in found
                    ]
                )

        logging.getLogger("lvis").setLevel(logging.ERROR)
        stripped = copy.deepcopy(results)
        for result in stripped:
            result.pop("bbox", None)
        capped = lvis.LVISResults(lvis.LVIS(str(path)), stripped)
        evaluation = BoundaryEval(str(path), capped, "segm")
        evaluation.run()
    return {name: float(value) for name, value in evaluation.get_results().items()}


@needs_vernier
@pytest.mark.parametrize("seed", range(6))
def test_boundary_ap_equals_lvis_api_with_boundary_overlaps(
    seed: int, make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    paths = write(*make_problem(seed + 100, num_images=12, copies=2))
    truth, store = opened(paths)
    results = make_problem(seed + 100, num_images=12, copies=2)[1]
    assert boundary_metrics(truth, store, 300) == official(paths[0], results)


@needs_vernier
def test_boundary_ap_is_at_most_mask_ap(make_problem: MakeProblem, write: Write) -> None:
    evaluation = evaluate(*write(*make_problem(110)), extras=["boundary"])
    assert 0 < evaluation.extras["boundary"]["AP"] <= evaluation.segm["AP"]


@needs_vernier
def test_the_cap_counts_detections_that_are_not_judged(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, results = make_problem(111)
    truth, store = opened(write(annotations, results))
    kept = []
    for image in annotations["images"]:
        rows = [r for r in results if r["image_id"] == image["id"]]
        kept += sorted(rows, key=lambda r: -r["score"])[:4]
    few = opened(write(annotations, kept))
    assert list(boundary_metrics(truth, store, 4).values()) == list(
        boundary_metrics(*few, 300).values()
    )


@needs_vernier
def test_zero_detections_score_zero(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, _ = make_problem(112)
    assert boundary_metrics(*opened(write(annotations, [])), 300)["AP"] == 0.0


@needs_vernier
def test_boxes_only_leave_boundary_ap_undefined(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> None:
    annotations, results = make_problem(113)
    for result in results:
        del result["segmentation"]
    assert set(boundary_metrics(*opened(write(annotations, results)), 300).values()) == {-1.0}


def test_a_missing_package_is_said_before_the_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("longtail.evaluation.metrics.boundary.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"not installed.*\[boundary\]"):
        check_available()
    with pytest.raises(ValueError, match="not installed"):
        evaluate(tmp_path / "absent.json", tmp_path / "absent.json", extras=["boundary"])


@needs_vernier
def test_the_band_is_two_percent_of_the_diagonal(write: Write, opened: Opened) -> None:
    # Diagonal 500, so a band of 10 pixels. The found square is 12 wider than the true one: bands
    # of 4 pixels, 0.8 %, would hardly meet.
    true, found = np.zeros((300, 400), np.uint8), np.zeros((300, 400), np.uint8)
    true[100:200, 100:200], found[94:206, 94:206] = 1, 1
    ring = boundary(true.astype(bool)), boundary(found.astype(bool))
    assert (int(ring[0].sum()), int(ring[1].sum())) == (100**2 - 80**2, 112**2 - 92**2)
    boundaries = overlap(*ring)
    assert boundaries == pytest.approx((100**2 - 92**2) / (112**2 - 80**2))
    assert boundaries < overlap(true.astype(bool), found.astype(bool))
    annotations, results = _problem_of(true, found)
    truth, store = opened(write(annotations, results))
    # 0.25 is below every threshold from 0.5 on; mask IoU is 0.797.
    assert boundary_metrics(truth, store, 300)["AP50"] == 0.0
    found[:] = 0
    found[97:203, 97:203] = 1
    annotations, results = _problem_of(true, found)
    truth, store = opened(write(annotations, results))
    nearer = overlap(ring[0], boundary(found.astype(bool)))
    assert 0.5 < nearer < 0.55
    metrics = boundary_metrics(truth, store, 300)
    expected = {"AP50": 1.0, "AP75": 0.0, "AP": 0.1}
    assert {name: metrics[name] for name in expected} == pytest.approx(expected)


def _problem_of(true: np.ndarray, found: np.ndarray) -> tuple[Record, list[Record]]:
    masks = [pycocotools.mask.encode(np.asfortranarray(mask)) for mask in (true, found)]
    area, box = (
        [float(pycocotools.mask.area(m)) for m in masks],
        [pycocotools.mask.toBbox(m).tolist() for m in masks],
    )
    text = [{"size": m["size"], "counts": m["counts"].decode()} for m in masks]
    lists = {"neg_category_ids": [], "not_exhaustive_category_ids": []}
    counts = {"image_count": 1, "instance_count": 1}
    annotations = {
        "images": [{"id": 1, "height": true.shape[0], "width": true.shape[1], **lists}],
        "categories": [{"id": 1, "name": "a", "frequency": "f", **counts}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "area": area[0],
                "bbox": box[0],
                "segmentation": text[0],
            }
        ],
    }
    result = {"image_id": 1, "category_id": 1, "score": 0.9, "bbox": box[1]}
    return annotations, [result | {"segmentation": text[1]}]
