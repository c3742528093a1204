"""Matches by boundaries against the package that computes boundary AP of a whole set."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pycocotools.mask
import pytest

from docs.studies.boundary_matches import boundary, boundary_iou, boundary_matches
from docs.studies.thin.painting import Painted, write_thin_set
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.annotations.segmentation import compressed_counts
from longtail.evaluation.metrics.boundary import boundary_metrics
from longtail.evaluation.uncertainty.bootstrap import whole_metrics
from longtail.metrics import GROUP_METRICS
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import Source

needs_vernier = pytest.mark.skipif(
    importlib.util.find_spec("vernier") is None, reason="the extra `boundary` is not installed"
)


def results_of(truth: GroundTruth, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Every instance twice, moved by some pixels."""
    found = []
    for rank in range(len(truth.images)):
        size = [int(truth.images.heights[rank]), int(truth.images.widths[rank])]
        for record, counts in zip(
            truth.annotation_dicts(range(rank, rank + 1), with_masks=False),
            compressed_counts(truth, rank),
            strict=True,
        ):
            mask = pycocotools.mask.decode({"size": size, "counts": counts})
            for reach in (1, 3):
                moved = np.roll(mask, rng.integers(-reach, reach + 1, 2), axis=(0, 1))
                rle = pycocotools.mask.encode(np.asfortranarray(moved))
                found.append(
                    {
                        "image_id": record["image_id"],
                        "category_id": record["category_id"],
                        "score": float(rng.random()),
                        "bbox": pycocotools.mask.toBbox(rle).tolist(),
                        "segmentation": {"size": size, "counts": rle["counts"].decode()},
                    }
                )
    return found


@needs_vernier
def test_ap_of_the_matches_is_that_of_vernier(tmp_path: Path) -> None:
    _, val, _ = write_thin_set(tmp_path / "data", Painted(3, 20, 96, 0))
    truth = read_ground_truth(val)
    results = tmp_path / "results.json"
    results.write_text(json.dumps(results_of(truth, np.random.default_rng(0))))
    store = import_json(results, truth.images, truth.categories, tmp_path / "store", Source("test"))
    table = boundary_matches(truth, store, max_dets=300)
    expected = boundary_metrics(truth, store, 300)
    assert 0.1 < expected["AP"] < 0.9
    assert dict(zip(GROUP_METRICS, whole_metrics(table), strict=True)) == pytest.approx(
        {name: expected[name] for name in GROUP_METRICS}, abs=1e-12
    )


def test_a_boundary_is_what_repeated_erosion_takes_off() -> None:
    # 2 % of the diagonal of 150 x 200 is 5 pixels. The mask touches the picture's border.
    mask = np.zeros((150, 200), np.uint8)
    cv2.circle(mask, (190, 60), 40, 1, -1)
    mask[100:140, 20:28] = 1
    padded = np.pad(mask, 1)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=5)[1:-1, 1:-1]
    assert eroded.any()
    assert np.array_equal(boundary(mask > 0), (mask > 0) & (eroded == 0))


def test_boundaries_of_a_thin_mask_are_the_mask_itself() -> None:
    a, b = np.zeros((2, 150, 200), np.bool_)
    a[20:30, 20:120], b[22:32, 20:120] = True, True
    assert np.array_equal(boundary(a), a)
    assert boundary_iou(a, b) == pytest.approx(8 / 12)
    assert boundary_iou(a, np.zeros_like(a)) == 0
