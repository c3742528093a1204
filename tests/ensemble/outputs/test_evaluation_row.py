"""The rows of evaluation.json: the numbers of the evaluation command, and what a step changes."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from support.calibration_scene import write_masks

from ensemble.outputs.evaluation_row import RESAMPLED, evaluation_row
from ensemble.outputs.resampled_ap import (
    ALL_METRICS,
    Resampled,
    evaluate_masks,
    fixed_table,
    resample,
)
from ensemble.sources.open import OpenedSource, open_source
from ensemble.sources.spec import parse_sources
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.matching.shard import DetectionScores
from longtail.evaluation.metrics.fixed import best_of_categories, fixed_summary
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.metrics.rescorer import MAX_DETS, Rescorer
from longtail.evaluation.uncertainty.comparison import compare
from longtail.predictions.store import PredictionStore


class Setting:
    """Annotations and two of the models."""

    def __init__(self, folder: Path) -> None:
        self.ann = write_masks(folder, 40)
        self.truth: GroundTruth = read_ground_truth(self.ann)
        of = self.truth.images, self.truth.categories, folder / "opened"
        specs = parse_sources([f"{name}={folder / name}.json" for name in "ab"])
        opened: list[OpenedSource] = [open_source(spec, *of) for spec in specs]
        self.stores = [PredictionStore.open(source.directory) for source in opened]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    return Setting(tmp_path_factory.mktemp("rows"))


def test_a_row_has_the_numbers_of_the_evaluation_command(setting: Setting, tmp_path: Path) -> None:
    row = evaluation_row(setting.stores[0], setting.truth, 20, tmp_path / "kept")
    expected = evaluate(setting.ann, setting.stores[0].directory, resamples=20)
    assert (row["segm"], row["box"], row["bins"]) == (expected.segm, expected.box, expected.bins)
    assert row["gap_box_mask"] == expected.gap_box_mask
    assert row["gap_by_group"] == expected.gap_by_group
    assert row["per_category"] == [asdict(record) for record in expected.per_category]
    # Recalls are named by the cap there.
    assert list(row["segm_fixed"].values()) == list(expected.segm_fixed.values())
    for kind in ("segm", "box"):
        of_kind = expected.intervals[kind].as_dict()["metrics"]
        for name, interval in row["intervals"][kind]["metrics"].items():
            assert interval == pytest.approx(of_kind[name], rel=1e-12)
    fixed = row["intervals"]["segm_fixed"]["metrics"]["AP"]
    assert fixed["value"] == row["segm_fixed"]["AP"]


def test_no_resamples_leave_nothing_behind(setting: Setting, tmp_path: Path) -> None:
    row = evaluation_row(setting.stores[0], setting.truth, 0, tmp_path / "kept")
    assert row["intervals"] == {} and not (tmp_path / "kept").exists()


def test_a_change_is_that_of_the_same_resamples(setting: Setting, tmp_path: Path) -> None:
    judged = [evaluate_masks(setting.truth, store) for store in setting.stores]
    before, after = (resample(row, tables, 30) for row, tables in judged)
    expected = compare(judged[0][1][0], judged[1][1][0], 30)
    found = after.minus(before)
    for name, difference in expected.metrics.items():
        for key in ("difference", "low", "high", "standard_error"):
            assert found[name][key] == pytest.approx(getattr(difference, key), rel=1e-12)
    after.save(tmp_path / RESAMPLED)
    again = Resampled.load(tmp_path / RESAMPLED)
    assert again.minus(before) == found
    assert {of["low"] for of in after.minus(again).values()} == {0}


def small_limit(setting: Setting) -> tuple[Rescorer, DetectionScores, MatchTable]:
    """A cap that binds for AP, and a table for AP-fixed with few detections a category."""
    rescorer = Rescorer.build(setting.truth, setting.stores[0], "segm", MAX_DETS)
    image = np.repeat(np.arange(len(setting.truth.images)), np.diff(rescorer.overlaps.image_starts))
    columns = setting.stores[0].read_all(with_masks=False)
    category = setting.truth.categories.index_of(columns.category_id)
    of = DetectionScores(image, category, rescorer.scores)
    return rescorer, of, fixed_table(rescorer, of)


def test_the_table_of_ap_fixed_gives_ap_fixed(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 15
    monkeypatch.setattr(
        "ensemble.outputs.resampled_ap.best_of_categories",
        lambda columns: best_of_categories(columns, limit),
    )
    rescorer, columns, table = small_limit(setting)
    kept = best_of_categories(columns, limit)
    assert not kept.all() and len(table) < len(rescorer.overlaps.row)
    expected = fixed_summary(replace(rescorer, max_dets=3), columns, kept)
    assert table.ap_per_category() == pytest.approx(expected.ap)
    assert (np.diff(table.starts) <= limit).all()


def test_undefined_metrics_have_no_change() -> None:
    values = np.full(len(ALL_METRICS), -1.0)
    nothing = Resampled(values, np.full((5, len(ALL_METRICS)), np.nan))
    assert {of["low"] for of in nothing.minus(nothing).values()} == {-1}
