"""AP-pool against numbers made by hand, a slow definition, and lvis-api's own matches."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.match_tables import table_of
from support.matched_file import match_table

from longtail.evaluation.metrics.pooled import ap_pool

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]


def slow_ap(rows: list[tuple[float, bool, bool]], num_instances: int) -> float:
    """AP of (score, hit, ignored) rows at one threshold, in order of falling score."""
    found = wrong = 0
    points = []
    for _, hit, ignored in sorted(rows, key=lambda row: -row[0]):
        found += hit and not ignored
        wrong += not hit and not ignored
        points.append((found / num_instances, found / max(found + wrong, 1)))
    levels = [i / 100 for i in range(101)]
    best = [max((p for recall, p in points if recall >= level), default=0.0) for level in levels]
    return sum(best) / len(best)


def official_matches(path: Path, results: list[Record]) -> list[Record]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "float", float, raising=False)
        import lvis

        logging.getLogger("lvis").setLevel(logging.ERROR)
        stripped = [{k: v for k, v in r.items() if k != "bbox"} for r in results]
        evaluation = lvis.LVISEval(str(path), lvis.LVISResults(str(path), stripped), "segm")
        evaluation.evaluate()
    everything = [e for e in evaluation.eval_imgs if e and e["area_rng"] == [0, 1e10]]
    return sorted(everything, key=lambda e: (e["image_id"], e["category_id"]))


def test_a_confident_miss_of_one_category_lowers_the_pool_and_not_ap() -> None:
    # Category 1 is perfect by itself. In the pool the miss of category 0 comes first, so the
    # precision is 1/2 up to recall 1/2, then 2/3.
    rows = [(0, 0, 0.9, False, False), (1, 0, 0.2, True, False), (0, 1, 0.5, True, False)]
    table = table_of("rf", 2, rows, [(1, 0, 1), (0, 1, 1)])
    assert table.ap_per_category() == pytest.approx([0.5, 1.0])
    assert ap_pool(table) == pytest.approx(2 / 3)


def test_ignored_detections_count_as_nothing() -> None:
    rows = [(0, 0, 0.9, False, True), (0, 0, 0.8, True, False)]
    assert ap_pool(table_of("r", 1, rows, [(0, 0, 1)])) == pytest.approx(1.0)


def test_without_ground_truth_the_pool_is_undefined() -> None:
    assert ap_pool(table_of("r", 1, [(0, 0, 0.9, False, False)], [])) == -1.0


def test_without_detections_the_pool_is_zero() -> None:
    assert ap_pool(table_of("r", 1, [], [(0, 0, 2)])) == 0.0


@pytest.mark.parametrize("seed", range(6))
def test_random_problems_have_the_pool_of_lvis_apis_matches(
    seed: int, make_problem: MakeProblem, write: Write
) -> None:
    # Distinct scores: how ties between categories go is ours to say.
    annotations, results = make_problem(seed + 60, decimals=9)
    paths = write(annotations, results)
    matches = official_matches(paths[0], results)
    num_instances = sum(int((~e["gt_ignore"].astype(bool)).sum()) for e in matches)
    expected = []
    for t in range(10):
        rows = [
            (float(score), bool(hit > 0), bool(ignored))
            for e in matches
            for score, hit, ignored in zip(
                e["dt_scores"], e["dt_matches"][t], e["dt_ignore"][t], strict=True
            )
        ]
        expected.append(slow_ap(rows, num_instances))
    assert ap_pool(match_table(*paths)) == pytest.approx(np.mean(expected), abs=1e-12)
