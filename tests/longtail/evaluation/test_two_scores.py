"""Masks are ranked by `score_mask` and boxes by `score`, as lvis-api ranks the exported files."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.diagnosis.diagnosis import diagnose
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.result_json.write import export_json
from longtail.predictions.store import PredictionStore, Source, StoreWriter

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
LvisApi = Callable[..., dict[str, float]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]


@pytest.fixture(params=range(4))
def scored(
    request: pytest.FixtureRequest, make_problem: MakeProblem, write: Write, opened: Opened
) -> tuple[GroundTruth, PredictionStore]:
    """A store of a mask-scoring head: another order of masks than of boxes."""
    truth, plain = opened(write(*make_problem(request.param, copies=6)))
    random = np.random.default_rng(request.param)

    def rescored(columns: DetectionColumns) -> DetectionColumns:
        factors = random.uniform(0.2, 1, len(columns)).round(2)
        return replace(columns, score_mask=columns.score * factors)

    writer = StoreWriter(plain.directory.with_name("scored"), truth.images, Source("scored"))
    writer.write_shard(0, map(rescored, plain.blocks()))
    return truth, writer.finish()


@pytest.mark.parametrize("max_dets", [300, 3])
def test_evaluation_of_a_store_is_lvis_api_on_its_files(
    scored: tuple[GroundTruth, PredictionStore], max_dets: int, lvis_api: LvisApi, tmp_path: Path
) -> None:
    truth, store = scored
    masks, boxes = tmp_path / "masks.json", tmp_path / "boxes.json"
    export_json(store, masks)
    export_json(store.blocks(with_masks=False), boxes, with_bbox=True)
    found = evaluate(truth.path, store.directory, max_dets, official=True)
    segm = lvis_api(truth.path, json.loads(masks.read_text()), "segm", max_dets)
    box = lvis_api(truth.path, json.loads(boxes.read_text()), "bbox", max_dets)
    assert found.segm == segm and found.box == box
    assert found.official == {"segm": segm, "box": box}
    assert found.segm != evaluate(truth.path, boxes_of_masks(store, tmp_path), max_dets).segm


def boxes_of_masks(store: PredictionStore, tmp_path: Path) -> Path:
    """The same with the scores of boxes for both."""
    writer = StoreWriter(tmp_path / "one", store.images, Source("one"))
    writer.write_shard(0, (replace(c, score_mask=c.score) for c in store.blocks()))
    return writer.finish().directory


@pytest.mark.parametrize("max_dets", [300, 3])
def test_extras_go_by_the_scores_of_masks(
    scored: tuple[GroundTruth, PredictionStore], max_dets: int, tmp_path: Path
) -> None:
    truth, store = scored
    export_json(store, tmp_path / "masks.json")
    extras = ("pool", "headroom")
    of_store, of_file = (
        evaluate(truth.path, path, max_dets, extras=extras)
        for path in (store.directory, tmp_path / "masks.json")
    )
    assert of_store.extras["headroom"] == of_file.extras["headroom"]
    assert of_store.extras["pool"] is not None and of_file.extras["pool"] is not None
    assert of_store.extras["pool"]["segm"] == of_file.extras["pool"]["segm"]
    assert of_store.cap == of_file.cap and of_store.segm_fixed == of_file.segm_fixed
    a, b = (
        diagnose(truth.path, path, max_dets=max_dets)
        for path in (store.directory, tmp_path / "masks.json")
    )
    assert a.errors == b.errors and a.calibration == b.calibration


def test_a_re_scorer_starts_from_the_scores_of_its_kind(
    scored: tuple[GroundTruth, PredictionStore],
) -> None:
    truth, store = scored
    columns = store.read_all()
    assert np.array_equal(Rescorer.build(truth, store, "segm").scores, columns.score_mask)
    assert np.array_equal(Rescorer.build(truth, store, "box").scores, columns.score)
