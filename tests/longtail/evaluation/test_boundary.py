"""Boundary AP against lvis-api with the overlap of boundaries put in by hand."""

import copy
import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest
from scipy.ndimage import binary_erosion

from longtail.evaluation.boundary import boundary_metrics, check_available
from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.lvis import evaluate
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]

needs_vernier = pytest.mark.skipif(
    importlib.util.find_spec("vernier") is None, reason="the extra `boundary` is not installed"
)


def boundary(mask: np.ndarray) -> np.ndarray:
    """The pixels within 0.8 % of the diagonal of the mask's edge; the image's border is one."""
    width = max(1, round(0.008 * float(np.hypot(*mask.shape))))
    inside = binary_erosion(mask, np.ones((3, 3)), iterations=width, border_value=0)
    return mask & ~inside


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
    assert 0 < evaluation.boundary["AP"] <= evaluation.segm["AP"]


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
    monkeypatch.setattr("longtail.evaluation.boundary.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"not installed.*\[boundary\]"):
        check_available()
    with pytest.raises(ValueError, match="not installed"):
        evaluate(tmp_path / "absent.json", tmp_path / "absent.json", extras=["boundary"])
