"""AP-fixed against lvis-api without a cap on results cut to the best of each category."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.matching.match_store import kinds_of, match_store
from longtail.evaluation.matching.shard import DetectionScores
from longtail.evaluation.metrics.fixed import best_of_categories, fixed_summary
from longtail.evaluation.metrics.matches.matched_set import MatchedSet
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
LvisApi = Callable[..., dict[str, float]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]


def best(results: list[Record], per_category: int) -> list[Record]:
    """The slow definition: by image, then sorted by falling score, category by category."""
    by_category: dict[int, list[Record]] = defaultdict(list)
    for result in sorted(results, key=lambda r: r["image_id"]):
        by_category[result["category_id"]].append(result)
    ranked = (sorted(rows, key=lambda r: -r["score"]) for rows in by_category.values())
    kept = [row for rows in ranked for row in rows[:per_category]]
    identities = {id(row) for row in kept}
    return [result for result in results if id(result) in identities]


@pytest.mark.parametrize("per_category", [3, 20, 10_000])
@pytest.mark.parametrize("seed", range(4))
def test_ap_fixed_equals_lvis_api_without_a_cap(
    seed: int,
    per_category: int,
    make_problem: MakeProblem,
    write: Write,
    opened: Opened,
    lvis_api: LvisApi,
) -> None:
    annotations, results = make_problem(seed, copies=8, decimals=1)
    paths = write(annotations, results)
    truth, store = opened(paths)
    matched = MatchedSet.of(truth, match_store(truth, store, kinds_of(truth)), max_dets=2)
    columns, rescorers = matched.detections["box"], matched.rescorers
    keep = best_of_categories(columns, per_category)
    kept = best(results, per_category)
    segm = fixed_summary(rescorers["segm"], columns, keep)
    assert segm.metrics == lvis_api(paths[0], kept, "segm", -1)
    box = fixed_summary(rescorers["box"], columns, keep)
    assert box.metrics == lvis_api(paths[0], kept, "bbox", -1)


def test_an_evaluation_with_a_binding_cap_holds_ap_fixed(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(30, num_images=6, copies=120)
    paths = write(annotations, results)
    evaluation = evaluate(*paths)
    assert evaluation.cap is not None and evaluation.cap.detections > 0
    assert evaluation.segm_fixed == lvis_api(paths[0], results, "segm", -1)
    assert evaluation.box_fixed == lvis_api(paths[0], results, "bbox", -1)
    assert evaluation.segm_fixed["AP"] != evaluation.segm["AP"]


def test_where_nothing_is_cut_ap_fixed_is_ap(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(31)
    paths = write(annotations, results)
    evaluation = evaluate(*paths)
    assert evaluation.cap is not None and evaluation.cap.detections == 0
    assert evaluation.segm_fixed == lvis_api(paths[0], results, "segm", -1)
    assert list(evaluation.segm_fixed.values()) == list(evaluation.segm.values())


def test_zero_detections_have_an_ap_fixed_of_zero(make_problem: MakeProblem, write: Write) -> None:
    annotations, _ = make_problem(32)
    evaluation = evaluate(*write(annotations, []))
    assert evaluation.segm_fixed["AP"] == evaluation.box_fixed["AP"] == 0.0


def test_boxes_only_leave_the_ap_fixed_of_masks_undefined(
    make_problem: MakeProblem, write: Write
) -> None:
    annotations, results = make_problem(33)
    for result in results:
        del result["segmentation"]
    evaluation = evaluate(*write(annotations, results), max_dets=2)
    assert set(evaluation.segm_fixed.values()) == {-1.0}
    assert evaluation.box_fixed["AP"] > 0


def test_of_equal_scores_the_earlier_detection_is_kept() -> None:
    category, score = np.array([0, 1, 0, 0]), np.array([0.5, 0.1, 0.5, 0.9])
    columns = DetectionScores(np.zeros(4, dtype=np.int64), category, score)
    assert best_of_categories(columns, 2).tolist() == [True, True, False, True]
