"""A margin on the scores of rare and common categories changes AP only through the cap."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.matching.match_store import match_store
from longtail.evaluation.metrics.fixed import best_of_categories, fixed_summary
from longtail.evaluation.metrics.matches.matched_set import MatchedSet
from longtail.evaluation.metrics.pooled import ap_pool
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]

MARGINS = [(0.1, 0.05), (1.0, 0.5), (1e6, 1e3), (-0.3, 0.7)]


@pytest.fixture
def problem(make_problem: MakeProblem) -> tuple[Record, list[Record]]:
    """All three groups, several categories each, about 30 detections an image."""
    annotations, results = make_problem(90, num_images=30, num_categories=9, copies=5)
    for number, category in enumerate(annotations["categories"]):
        category["frequency"] = "rcf"[number % 3]
    return annotations, results


def with_margins(
    truth: GroundTruth, store: PredictionStore, rare_margin: float, common_margin: float
) -> NDArray[np.float64]:
    rows = store.read_all(with_masks=False)
    group = truth.categories.frequency[truth.categories.index_of(rows.category_id)]
    margins = {"r": rare_margin, "c": common_margin, "f": 0.0}
    return rows.score + np.array([margins[letter] for letter in group.tolist()])


@pytest.mark.parametrize("max_dets", [300, -1])
@pytest.mark.parametrize("margins", MARGINS)
def test_without_a_binding_cap_no_margin_changes_a_digit(
    max_dets: int,
    margins: tuple[float, float],
    problem: tuple[Record, list[Record]],
    write: Write,
    opened: Opened,
) -> None:
    truth, store = opened(write(*problem))
    rescorer = Rescorer.build(truth, store, "segm", max_dets)
    moved = with_margins(truth, store, *margins)
    assert rescorer.evaluate(moved) == rescorer.evaluate(rescorer.scores)


def test_with_a_binding_cap_a_margin_moves_ap_toward_its_group(
    problem: tuple[Record, list[Record]], write: Write, opened: Opened
) -> None:
    truth, store = opened(write(*problem))
    rescorer = Rescorer.build(truth, store, "segm", 5)
    before = rescorer.fast(rescorer.scores)
    after = rescorer.fast(with_margins(truth, store, 2.0, 0.0))
    assert after["APr"] > before["APr"]
    assert after["APc"] < before["APc"]
    assert after["APf"] < before["APf"]


@pytest.mark.parametrize("per_category", [15, 10_000])
def test_ap_fixed_never_changes(
    per_category: int, problem: tuple[Record, list[Record]], write: Write, opened: Opened
) -> None:
    annotations, results = problem
    group = {category["id"]: category["frequency"] for category in annotations["categories"]}
    # A store's scores stay in [0, 1]: divided by 1 + the largest margin.
    margins = {"r": 1.0, "c": 0.5, "f": 0.0}
    moved = [r | {"score": (r["score"] + margins[group[r["category_id"]]]) / 2} for r in results]
    found = []
    for records in (results, moved):
        truth, store = opened(write(annotations, records))
        matched = MatchedSet.of(truth, match_store(truth, store, ("segm", "box")), max_dets=300)
        columns = matched.detections["segm"]
        keep = best_of_categories(columns, per_category)
        found.append(fixed_summary(matched.rescorers["segm"], columns, keep).metrics)
    assert found[0] == found[1]


def test_an_evaluation_shows_a_margins_gain_and_that_ap_fixed_has_none(
    problem: tuple[Record, list[Record]], write: Write
) -> None:
    annotations, results = problem
    rare = {c["id"] for c in annotations["categories"] if c["frequency"] == "r"}
    moved = [r | {"score": (r["score"] + (r["category_id"] in rare)) / 2} for r in results]
    before = evaluate(*write(annotations, results), max_dets=5)
    after = evaluate(*write(annotations, moved), max_dets=5)
    assert after.segm["APr"] > before.segm["APr"]
    assert after.segm_fixed == before.segm_fixed
    assert before.cap is not None and after.cap is not None
    assert after.cap.by_group["r"] < before.cap.by_group["r"]
    assert after.cap.detections == before.cap.detections


def test_ap_pool_changes_also_without_a_binding_cap(
    problem: tuple[Record, list[Record]], write: Write, opened: Opened
) -> None:
    truth, store = opened(write(*problem))
    rescorer = Rescorer.build(truth, store, "segm", -1)
    before = ap_pool(rescorer.match_table(rescorer.scores))
    after = ap_pool(rescorer.match_table(with_margins(truth, store, 1.0, 0.5)))
    assert after != before
