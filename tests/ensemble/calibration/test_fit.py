"""Fitting sources: groups, fall-back, folds, and what calibration does for a merge."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.calibration_scene import MODELS, Scene, union_of_best

from ensemble.calibration.file import Calibration
from ensemble.calibration.fit import cross_fitted, fit_calibration
from ensemble.calibration.fit_settings import FitSettings, fold_images
from ensemble.calibration.fitted_source import ALL
from ensemble.calibration.labelled_scores import LabelledScores, joined, labelled_scores
from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.predictions.result_json.read import open_predictions
from longtail.predictions.store import PredictionStore

Records = list[dict[str, Any]]
BOXES = FitSettings(overlap="box")


def store_of(truth: GroundTruth, records: Records, directory: Path) -> PredictionStore:
    path = directory.with_suffix(".json")
    path.write_text(json.dumps(records))
    return open_predictions(path, truth.images, truth.categories, directory)


def made_up(num: int, seed: int, slope: float = 2.0, group: int = 2) -> LabelledScores:
    """Detections whose log odds are `slope` times too far from 0, in 100 images."""
    random = np.random.default_rng(seed)
    shares = random.uniform(0.02, 0.98, num)
    odds = slope * np.log(shares / (1 - shares))
    return LabelledScores(
        image=np.sort(random.integers(0, 100, num)),
        group=np.full(num, group),
        score=1 / (1 + np.exp(-odds)),
        true_positive=random.random(num) < shares,
    )


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> GroundTruth:
    return read_ground_truth(Scene(100).annotations(tmp_path_factory.mktemp("ann") / "ann.json"))


def test_a_group_of_few_detections_uses_the_map_of_the_source(truth: GroundTruth) -> None:
    rows = joined([made_up(15, 0, group=0), made_up(800, 1, group=2)])
    calibration = fit_calibration({"a": rows}, truth, BOXES)
    source = calibration.sources["a"]
    assert set(source.maps) == {ALL, "f"}
    assert calibration.map_of("a", "r") == source.maps[ALL] != source.maps["f"]
    assert source.taken == {ALL: "source", "r": "source", "c": "source", "f": "group"}
    right = int(rows.true_positive[:15].sum())
    assert (source.counts["r"].true_positives, source.counts["r"].false_positives) == (
        right,
        15 - right,
    )


def test_maps_by_group_can_be_left_out(truth: GroundTruth) -> None:
    rows = joined([made_up(500, group, group=group) for group in range(3)])
    whole = FitSettings(overlap="box", groups="none")
    assert set(fit_calibration({"a": rows}, truth, whole).sources["a"].maps) == {ALL}
    assert set(fit_calibration({"a": rows}, truth, BOXES).sources["a"].maps) == {ALL, *"rcf"}


def test_fewer_detections_are_enough_where_they_are_allowed(truth: GroundTruth) -> None:
    few = FitSettings(overlap="box", min_matches=1)
    calibration = fit_calibration({"a": made_up(20, 0)}, truth, few)
    assert (calibration.min_matches, calibration.whose("a", ALL)) == (1, "source")
    assert fit_calibration({"a": made_up(20, 0)}, truth, BOXES).whose("a", ALL) == "unchanged"


@pytest.mark.parametrize("kind", ["platt", "beta", "temperature", "isotonic"])
def test_calibration_error_falls_on_images_that_were_not_fitted(
    truth: GroundTruth, kind: Any
) -> None:
    rows = made_up(20_000, 3)
    error = fit_calibration({"a": rows}, truth, FitSettings(kind, overlap="box")).sources["a"].error
    assert error[ALL].before > 0.08
    assert error[ALL].after < 0.02
    assert error["r"].before == error["r"].after == -1


def test_reliability_counts_the_detections_of_each_tenth_of_the_scores(truth: GroundTruth) -> None:
    # Too few for any map: scores after are those before.
    rows = LabelledScores(
        image=np.arange(6),
        group=np.array([0, 0, 0, 0, 0, 2]),
        score=np.array([0.0, 0.05, 0.1, 0.95, 1.0, 0.5]),
        true_positive=np.array([False, True, False, True, True, False]),
    )
    source = fit_calibration({"a": rows}, truth, BOXES).sources["a"]
    rare = source.reliability["r"].before
    assert [of.low for of in rare] == pytest.approx([place / 10 for place in range(10)])
    assert [of.count for of in rare] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert [of.precision for of in rare] == [0.5, 0.0, *[-1.0] * 7, 1.0]
    assert [of.mean_score for of in rare] == pytest.approx([0.025, 0.1, *[-1.0] * 7, 0.975])
    assert {of.count for of in source.reliability["c"].before} == {0}
    assert [of.count for of in source.reliability["f"].before] == [0] * 5 + [1] + [0] * 4
    assert all(of.after == of.before for of in source.reliability.values())
    # (2 |0.5 - 0.025| + |0 - 0.1| + 2 |1 - 0.975|) / 5
    assert source.error["r"].before == pytest.approx(0.22)


def test_reliability_after_is_that_of_maps_fitted_to_other_images(truth: GroundTruth) -> None:
    rows = made_up(2000, 5)
    source = fit_calibration({"a": rows}, truth, BOXES).sources["a"]
    after = cross_fitted({"a": rows}, fold_images(100, 2), BOXES)["a"]
    for place, of in enumerate(source.reliability["f"].after):
        inside = [
            (score, right)
            for score, right in zip(after.tolist(), rows.true_positive.tolist(), strict=True)
            if min(int(10 * score), 9) == place
        ]
        assert of.count == len(inside) > 0
        assert of.mean_score == pytest.approx(sum(score for score, _ in inside) / len(inside))
        assert of.precision == pytest.approx(sum(right for _, right in inside) / len(inside))
    bins = source.reliability["f"].after
    distance = sum(of.count * abs(of.precision - of.mean_score) for of in bins) / len(rows)
    assert source.error["f"].after == pytest.approx(distance)
    assert source.reliability["f"].before != bins


def test_folds_share_no_image_and_are_of_equal_size() -> None:
    folds = fold_images(101, 4)
    assert sorted(np.bincount(folds).tolist()) == [25, 25, 25, 26]
    assert np.array_equal(folds, fold_images(101, 4))


def test_a_fold_is_calibrated_without_its_own_detections() -> None:
    rows = made_up(4000, 4)
    folds = fold_images(100, 2)
    before = cross_fitted({"a": rows}, folds, BOXES)["a"]
    held_out = folds[rows.image] == 0
    flipped = LabelledScores(rows.image, rows.group, rows.score, rows.true_positive ^ held_out)
    after = cross_fitted({"a": flipped}, folds, BOXES)["a"]
    assert np.array_equal(before[held_out], after[held_out])
    assert not np.array_equal(before[~held_out], after[~held_out])


def test_the_order_of_sources_does_not_matter(truth: GroundTruth) -> None:
    rows = {"a": made_up(500, 1), "b": made_up(500, 2)}
    one = fit_calibration(rows, truth, BOXES)
    assert fit_calibration(dict(reversed(rows.items())), truth, BOXES) == one
    assert list(one.sources) == ["a", "b"]


@pytest.mark.parametrize("kind", ["platt", "isotonic", "temperature", "beta", "rank"])
def test_ap_of_one_source_stays_where_no_cap_binds(tmp_path: Path, kind: Any) -> None:
    scene = Scene(60)
    truth = read_ground_truth(scene.annotations(tmp_path / "ann.json"))
    store = store_of(truth, scene.detections(MODELS["b"]), tmp_path / "b")
    settings = FitSettings(kind, overlap="box", min_matches=20)
    rows = labelled_scores(truth, store, "box", 0.5)
    calibration = fit_calibration({"b": rows}, truth, settings)
    rescorer = Rescorer.build(truth, store, "box")
    before = rescorer.evaluate(rescorer.scores)
    scores = calibrated_rows(calibration, "b", store, truth)
    assert not np.allclose(scores, rescorer.scores, atol=0.01)
    assert rescorer.evaluate(scores) == before


def calibrated_rows(
    calibration: Calibration, name: str, store: PredictionStore, truth: GroundTruth
) -> np.ndarray:
    columns = store.read_all()
    letters = truth.categories.frequency[truth.categories.index_of(columns.category_id)]
    groups = np.array([FREQUENCY_GROUPS.index(letter) for letter in letters])
    return calibration.apply(name, columns.score, groups)


def test_platt_of_each_source_and_group_raises_the_merged_ap(tmp_path: Path) -> None:
    """The simulation of three models that are wrong about themselves in their own ways."""
    fitted, reported = Scene(150, seed=1), Scene(300, seed=2)
    truth = read_ground_truth(fitted.annotations(tmp_path / "fit.json"))
    held_out = read_ground_truth(reported.annotations(tmp_path / "report.json"))
    rows = {}
    for name, model in MODELS.items():
        store = store_of(truth, fitted.detections(model), tmp_path / f"fit_{name}")
        rows[name] = labelled_scores(truth, store, "box", 0.5)
    detections = {name: reported.detections(model) for name, model in MODELS.items()}
    by_groups: dict[Any, dict[str, float]] = {}
    for groups in ("raw", "none", "frequency"):
        sources = list(detections.values())
        if groups != "raw":
            settings = FitSettings(overlap="box", groups=groups)
            calibration = fit_calibration(rows, truth, settings)
            sources = [
                rescored(calibration, name, records, held_out)
                for name, records in detections.items()
            ]
        merged = store_of(held_out, union_of_best(sources), tmp_path / f"merged_{groups}")
        rescorer = Rescorer.build(held_out, merged, "box")
        by_groups[groups] = rescorer.fast(rescorer.scores)
    assert by_groups["frequency"]["AP"] > by_groups["raw"]["AP"] + 0.02
    assert by_groups["frequency"]["AP"] > by_groups["none"]["AP"]
    assert by_groups["frequency"]["APr"] > by_groups["raw"]["APr"]


def rescored(calibration: Calibration, name: str, records: Records, truth: GroundTruth) -> Records:
    ids = np.array([record["category_id"] for record in records])
    letters = truth.categories.frequency[truth.categories.index_of(ids)]
    groups = np.array([FREQUENCY_GROUPS.index(letter) for letter in letters])
    scores = calibration.apply(name, np.array([r["score"] for r in records]), groups)
    return [
        record | {"score": score} for record, score in zip(records, scores.tolist(), strict=True)
    ]
