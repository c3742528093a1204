"""The evaluator and the re-scorer over LVIS v1's 1203 categories: all digits are lvis-api's."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.distinct_records import distinct
from support.lvis_scale import CATEGORIES, problem

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.evaluation.report import Evaluation
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
LvisApi = Callable[..., dict[str, float]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]

pytestmark = pytest.mark.skipif(
    not CATEGORIES.exists(), reason="needs ../shared/data/lvis_v1_categories.json"
)

OFFICIAL_KIND: dict[Kind, str] = {"segm": "segm", "box": "bbox"}
NO_CAP = -1


def best_of_categories(results: list[Record], number: int = 10_000) -> list[Record]:
    """What AP-fixed keeps, by its slow definition: images by id, then by falling score."""
    by_category: dict[int, list[Record]] = defaultdict(list)
    for result in sorted(results, key=lambda r: r["image_id"]):
        by_category[result["category_id"]].append(result)
    ranked = (sorted(rows, key=lambda r: -r["score"]) for rows in by_category.values())
    kept = {id(row) for rows in ranked for row in rows[:number]}
    return [result for result in results if id(result) in kept]


def rescored(results: list[Record], scores: NDArray[np.float64]) -> list[Record]:
    """Results with new scores, which come by image id."""
    new = list(results)
    order = np.argsort([result["image_id"] for result in results], kind="stable")
    for position, score in zip(order.tolist(), scores.tolist(), strict=True):
        new[position] = results[position] | {"score": score}
    return new


def assert_official(
    annotations: Path, results: list[Record], predictions: Path, of: LvisApi
) -> Evaluation:
    """The thirteen metrics under the cap, and those of AP-fixed, for masks and boxes.

    lvis-api gets the results without exact repeats, which the predictions hold.
    """
    evaluation = evaluate(annotations, predictions)
    results = distinct(results)
    kept = best_of_categories(results)
    assert evaluation.segm == of(annotations, results, "segm")
    assert evaluation.box == of(annotations, results, "bbox")
    assert evaluation.segm_fixed == of(annotations, kept, "segm", NO_CAP)
    assert evaluation.box_fixed == of(annotations, kept, "bbox", NO_CAP)
    assert evaluation.counts["categories"] == 1203
    return evaluation


def assert_official_rescored(
    opened: tuple[GroundTruth, PredictionStore],
    results: list[Record],
    kind: Kind,
    max_dets: int,
    scores: NDArray[np.float64] | None,
    of: LvisApi,
) -> None:
    """The re-scorer's metrics for its own scores (None) or for new ones."""
    truth, store = opened
    rescorer = Rescorer.build(truth, store, kind, max_dets)
    scores = rescorer.scores if scores is None else scores
    new = rescored(results, scores)
    official = of(truth.path, new, OFFICIAL_KIND[kind], max_dets)
    assert rescorer.evaluate(scores) == official
    assert rescorer.fast(scores) == {name: official[name] for name in ("AP", "APr", "APc", "APf")}


def new_scores(seed: int, num: int) -> NDArray[np.float64]:
    """Random numbers, half of them with one decimal and so many ties."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=num)
    return np.where(random.random(num) < 0.5, scores.round(1), scores)


def test_the_problem_holds_what_evaluators_stumble_over() -> None:
    annotations, results = problem(0, num_images=40, detections=(150, 420))
    per_image: dict[int, int] = defaultdict(int)
    for result in results:
        per_image[result["image_id"]] += 1
    instances, images = annotations["annotations"], annotations["images"]
    assert len(annotations["categories"]) == 1203
    assert sum(count > 300 for count in per_image.values()) >= 10
    assert len(per_image) < len(images)
    assert len({i["image_id"] for i in instances}) < len(images)
    assert [image["id"] for image in images] != sorted(image["id"] for image in images)
    assert any(image["not_exhaustive_category_ids"] for image in images)
    assert any(i.get("ignore") for i in instances) and any(i["area"] == 0 for i in instances)
    assert any(r["bbox"][2] == 0 for r in results)
    assert len({str(r) for r in results}) < len(results)
    assert len({r["score"] for r in results}) < len(results) / 1.5


def test_forty_images_equal_lvis_api(write: Write, lvis_api: LvisApi) -> None:
    annotations, results = problem(0, num_images=40, detections=(150, 420))
    paths = write(annotations, results)
    evaluation = assert_official(paths[0], results, paths[1], lvis_api)
    assert 0 < evaluation.segm["AP"] < evaluation.segm["AP50"] < 1
    assert evaluation.segm["AP"] != evaluation.segm_fixed["AP"]


@pytest.mark.parametrize(("kind", "max_dets"), [("segm", 300), ("box", NO_CAP)])
def test_new_scores_of_twenty_images_equal_lvis_api(
    kind: Kind, max_dets: int, write: Write, opened: Opened, lvis_api: LvisApi
) -> None:
    annotations, results = problem(1, num_images=20, detections=(200, 420))
    files = opened(write(annotations, results))
    results = distinct(results)
    scores = new_scores(1, len(results))
    for these in (None, scores):
        assert_official_rescored(files, results, kind, max_dets, these, lvis_api)


@pytest.mark.slow
def test_crowded_images_equal_lvis_api(write: Write, opened: Opened, lvis_api: LvisApi) -> None:
    seed = 2
    annotations, results = problem(seed, 60, detections=(240, 400), crowd=10_500)
    paths = write(annotations, results)
    assert len(best_of_categories(results)) < len(results)
    assert_official(paths[0], results, paths[1], lvis_api)
    files, results = opened(paths), distinct(results)
    scores = new_scores(seed, len(results))
    kinds: tuple[Kind, ...] = ("segm", "box")
    for kind in kinds:
        for max_dets in (300, NO_CAP):
            assert_official_rescored(files, results, kind, max_dets, scores, lvis_api)
        assert_official_rescored(files, results, kind, 300, None, lvis_api)


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10_000),
    num_images=st.integers(1, 15),
    detections=st.tuples(st.integers(1, 30), st.integers(30, 330)),
    max_dets=st.sampled_from([1, 7, 300]),
)
def test_problems_of_any_size_equal_lvis_api(
    seed: int,
    num_images: int,
    detections: tuple[int, int],
    max_dets: int,
    write: Write,
    lvis_api: LvisApi,
) -> None:
    annotations, results = problem(seed, num_images, detections)
    path, predictions = write(annotations, results)
    evaluation, results = evaluate(path, predictions, max_dets), distinct(results)
    assert evaluation.segm == lvis_api(path, results, "segm", max_dets)
    assert evaluation.box == lvis_api(path, results, "bbox", max_dets)
    assert evaluation.box_fixed == lvis_api(path, results, "bbox", NO_CAP)
