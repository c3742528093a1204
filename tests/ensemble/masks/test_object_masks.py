"""Scores of masks, where a source has a mask-scoring head, through a whole block."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ensemble.calibration.apply import calibrated_masks
from ensemble.fusion.settings import FusionSettings, MergeSettings
from ensemble.merging.pipeline import Merge
from ensemble.merging.plan import MergePlan
from ensemble.sources.open import OpenedSource
from ensemble.sources.spec import SourceSpec
from longtail.categories import CategoryTable
from longtail.evaluation.margins import Margins
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import Source, StoreWriter
from longtail.rle.codec import encode, pack

SIDE = 10
MASK = encode(np.array([0, 50, 50]))
CATEGORIES = CategoryTable.from_records(
    [{"id": 1, "name": "a", "frequency": "r", "image_count": 1, "instance_count": 1}], "test"
)
IMAGES = ImageSet(np.array([1]), np.array([SIDE]), np.array([SIDE]))


def opened(path: Path, score: float, score_mask: float) -> OpenedSource:
    """A source that finds one object."""
    counts, offsets = pack([MASK])
    ones = np.ones(1, np.int64)
    columns = DetectionColumns(
        image_id=ones,
        category_id=ones,
        score=np.array([score]),
        score_mask=np.array([score_mask]),
        boxes=np.array([[0.0, 0.0, 5.0, 10.0]]),
        heights=ones * SIDE,
        widths=ones * SIDE,
        counts=counts,
        counts_offsets=offsets,
    )
    writer = StoreWriter(path, IMAGES, Source(path.name))
    writer.write_shard(0, [columns])
    writer.finish()
    return OpenedSource(SourceSpec(path.name, path), path, path, np.ones(1, np.bool_))


def merged(sources: list[OpenedSource], method: str, **settings: object) -> DetectionColumns:
    chosen = MergeSettings(FusionSettings(method, 0.5), Margins())
    plan = MergePlan(IMAGES, CATEGORIES, sources, replace(chosen, **settings))  # type: ignore[arg-type]
    return Merge(plan).merge_block(0)


@pytest.mark.parametrize("method", ["wbf", "nms"])
def test_scores_stay_equal_without_a_mask_scoring_head(tmp_path: Path, method: str) -> None:
    found = merged([opened(tmp_path / "a", 0.8, 0.8), opened(tmp_path / "b", 0.4, 0.4)], method)
    assert found.score.tolist() == found.score_mask.tolist()


def test_score_of_a_fused_mask_is_fused_by_the_rule_of_scores(tmp_path: Path) -> None:
    sources = [opened(tmp_path / "a", 0.8, 0.2), opened(tmp_path / "b", 0.4, 0.4)]
    found = merged(sources, "wbf")
    assert found.score.tolist() == [pytest.approx(0.6)]
    assert found.score_mask.tolist() == [pytest.approx(0.3)]


def test_weights_of_sources_count_for_scores_of_masks(tmp_path: Path) -> None:
    sources = [opened(tmp_path / "a", 0.8, 0.2), opened(tmp_path / "b", 0.4, 0.4)]
    sources[1] = replace(sources[1], spec=replace(sources[1].spec, weight=3.0))
    found = merged(sources, "wbf")
    assert found.score.tolist() == [pytest.approx((0.8 + 3 * 0.4) / 2 * 2 / 4)]
    assert found.score_mask.tolist() == [pytest.approx((0.2 + 3 * 0.4) / 2 * 2 / 4)]
    # The source of weight 3 is the best: 0.4 against 0.8 / 3.
    found = merged(sources, "nms")
    assert (found.score.tolist(), found.score_mask.tolist()) == ([0.4], [0.4])


def test_nms_takes_both_scores_of_the_best_member(tmp_path: Path) -> None:
    sources = [opened(tmp_path / "a", 0.8, 0.2), opened(tmp_path / "b", 0.4, 0.4)]
    found = merged(sources, "nms")
    assert (found.score.tolist(), found.score_mask.tolist()) == ([0.8], [0.2])


def test_soft_nms_lowers_both_scores_by_one_factor(tmp_path: Path) -> None:
    sources = [opened(tmp_path / "a", 0.8, 0.2), opened(tmp_path / "b", 0.4, 0.3)]
    found = merged(sources, "soft-nms")
    by_score = np.argsort(-found.score)
    lowered = 0.4 * np.exp(-1 / 0.5)
    assert found.score[by_score].tolist() == [0.8, pytest.approx(lowered)]
    assert found.score_mask[by_score].tolist() == [0.2, pytest.approx(lowered * 0.3 / 0.4)]


def test_a_score_of_0_leaves_that_of_the_mask(tmp_path: Path) -> None:
    sources = [opened(tmp_path / "a", 0.0, 0.3), opened(tmp_path / "b", 0.0, 0.0)]
    assert merged(sources, "nms").score_mask.tolist() == [0.3]


def test_margins_in_scores_are_in_both(tmp_path: Path) -> None:
    found = merged([opened(tmp_path / "a", 0.8, 0.4)], "nms", margin_mode="score")
    assert found.score.tolist() == [pytest.approx(0.9 / 1.1)]
    assert found.score_mask.tolist() == [pytest.approx(0.5 / 1.1)]


def test_a_calibrated_mask_keeps_its_ratio_to_the_score_and_stays_where_that_stays() -> None:
    score, score_mask = np.array([0.5, 0.0, 1.0, 0.3]), np.array([0.25, 0.3, 1.0, 0.7])
    calibrated = np.array([0.8, 0.4, 0.9, 0.3])
    assert calibrated_masks(score, score_mask, calibrated).tolist() == [0.4, 0.4, 0.9, 0.7]
