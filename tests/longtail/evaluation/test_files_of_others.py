"""Result files as other programs write them: what lvis-api takes gives lvis-api's numbers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.distinct_records import distinct

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.diagnosis.diagnosis import diagnose
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.match_table import match_table
from longtail.evaluation.matching.match_shard import write_shard
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.problems import BadInputError

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
LvisApi = Callable[..., dict[str, float]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]


def test_boxes_beside_an_empty_list_are_evaluated_as_boxes(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(40)
    with_lists = [{**r, "segmentation": [], "category_name": "thing"} for r in results]
    paths = write(annotations, with_lists)
    evaluation = evaluate(*paths)
    assert evaluation.box == lvis_api(paths[0], distinct(with_lists), "bbox")
    assert evaluation.segm["AP"] == -1
    assert "no detection has a mask: mask AP is undefined (-1)" in evaluation.warnings


@pytest.mark.parametrize("nothing", [None, []])
def test_an_empty_box_beside_a_mask_is_no_box(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi, nothing: Any
) -> None:
    annotations, results = make_problem(41)
    without = distinct([{k: v for k, v in r.items() if k != "bbox"} for r in results])
    paths = write(annotations, [{**r, "bbox": nothing} for r in without])
    evaluation = evaluate(*paths)
    assert evaluation.segm == lvis_api(paths[0], without, "segm")


@pytest.mark.parametrize("workers", [1, 2])
def test_scores_of_any_scale_rank_as_for_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi, workers: int
) -> None:
    annotations, results = make_problem(42, copies=30)
    logits = np.random.default_rng(0).normal(0, 8, len(results)).round(1).tolist()
    results = distinct([{**r, "score": s} for r, s in zip(results, logits, strict=True)])
    paths = write(annotations, results)
    evaluation = evaluate(*paths, max_dets=20, workers=workers)
    assert evaluation.segm == lvis_api(paths[0], results, "segm", 20)
    assert evaluation.box == lvis_api(paths[0], results, "bbox", 20)
    assert any("scores are outside 0 to 1" in warning for warning in evaluation.warnings)
    assert match_table(*paths).score.max() == max(logits)


def test_a_score_of_rounding_over_1_still_ranks_before_1(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(43)
    scores = np.random.default_rng(0).choice([1.0, 1.0000001192092896, 1.3333334], len(results))
    results = distinct([{**r, "score": s} for r, s in zip(results, scores.tolist(), strict=True)])
    paths = write(annotations, results)
    assert evaluate(*paths).box == lvis_api(paths[0], results, "bbox")


def test_a_diagnosis_needs_the_scale_of_scores_over_1(
    make_problem: MakeProblem, write: Write
) -> None:
    annotations, results = make_problem(44)
    expected = diagnose(*write(annotations, results))
    percent = [{**r, "score": 100 * r["score"]} for r in results]
    paths = write(annotations, percent)
    with pytest.raises(BadInputError, match=r"--max-score SCORE"):
        diagnose(*paths)
    assert diagnose(*paths, max_score=100.0).errors == expected.errors


def test_repeats_count_once_and_are_told(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(45)
    last = results[-1]["image_id"]
    padding = [result for result in results if result["image_id"] == last]
    paths = write(annotations, [*padding, *results, *padding])
    evaluation = evaluate(*paths, official=True)
    once = [*padding, *(result for result in results if result["image_id"] != last)]
    assert evaluation.segm == lvis_api(paths[0], once, "segm")
    assert evaluation.box == lvis_api(paths[0], once, "bbox")
    assert evaluation.disagreements() == []
    said = f"{2 * len(padding)} records in 1 images repeat another one exactly"
    assert any(warning.startswith(said) for warning in evaluation.warnings)
    assert any(warning.startswith(said) for warning in diagnose(*paths).warnings)
    twice = lvis_api(paths[0], json.loads(paths[1].read_text()), "segm")
    assert twice["AP"] != evaluation.segm["AP"]


def test_repeats_of_a_store_count_once_too_and_stop_its_parts(
    make_problem: MakeProblem, write: Write, opened: Opened, tmp_path: Path
) -> None:
    annotations, results = make_problem(47)
    paths = write(annotations, results)
    _, once = opened(paths)
    writer = StoreWriter(tmp_path / "twice", once.images, Source("a"))
    columns = once.read_all()
    writer.write_shard(0, [columns.take(np.repeat(np.arange(len(columns)), 2))])
    writer.finish()
    for workers in (1, 2):
        evaluation = evaluate(paths[0], tmp_path / "twice", workers=workers)
        assert evaluation.segm == evaluate(*paths).segm
        assert evaluation.counts["detections"] == len(columns)
        assert any("repeat another one" in warning for warning in evaluation.warnings)
    with pytest.raises(BadInputError, match=f"{len(columns)} records repeat another one"):
        write_shard(paths[0], tmp_path / "twice", 1, 1, tmp_path / "part.npz")


def test_a_file_without_a_detection_is_told(make_problem: MakeProblem, write: Write) -> None:
    annotations, _ = make_problem(46)
    evaluation = evaluate(*write(annotations, []))
    assert evaluation.segm["AP"] == evaluation.box["AP"] == 0
    assert any("has no detection in any of 8 images" in w for w in evaluation.warnings)
