"""Stores that others wrote, with what an import would have mended."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from longtail.predictions.checks.warnings import warnings_of
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.sound_store import sound_store
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.problems import BadInputError

Make = Callable[..., DetectionColumns]
Store = Callable[[DetectionColumns], PredictionStore]


@pytest.fixture
def store(tmp_path: Path, images: ImageSet) -> Store:
    def make(columns: DetectionColumns) -> PredictionStore:
        writer = StoreWriter(tmp_path / "store", images, Source("a"))
        writer.write_shard(0, [columns])
        return writer.finish({"masks": 7})

    return make


def scored(columns: DetectionColumns, scores: list[float]) -> DetectionColumns:
    return replace(columns, score=np.array(scores), score_mask=np.array(scores) / 2)


def test_a_sound_store_is_itself(store: Store, random_columns: Make, tmp_path: Path) -> None:
    given = store(random_columns([1, 1, 2, 9]))
    assert sound_store(given, tmp_path / "copy") is given
    assert sound_store(given, None, max_score=None) is given
    assert not (tmp_path / "copy").exists()


def test_repeats_are_left_out_of_a_copy_and_told(
    store: Store, random_columns: Make, tmp_path: Path
) -> None:
    once = random_columns([1, 1, 2, 9])
    given = store(once.take(np.array([0, 1, 1, 0, 2, 3, 3])))
    copy = sound_store(given, tmp_path / "copy")
    assert copy.read_all().score.tolist() == once.score.tolist()
    assert copy.read_all().rles() == once.rles()
    assert "3 records in 2 images repeat another one" in " ".join(warnings_of(copy))
    assert copy.manifest.notes["masks"] == 7
    with pytest.raises(BadInputError, match="3 records repeat another one exactly"):
        sound_store(given, None)


def test_rows_that_differ_in_their_mask_only_are_kept(
    store: Store, random_columns: Make, tmp_path: Path
) -> None:
    once = random_columns([1, 1])
    same = once.take(np.array([0, 0]))
    given = store(replace(same, counts=once.counts, counts_offsets=once.counts_offsets))
    assert sound_store(given, tmp_path / "copy") is given


def test_scores_are_divided_by_the_one_that_means_1(
    store: Store, random_columns: Make, tmp_path: Path
) -> None:
    given = store(scored(random_columns([1, 2, 5]), [100.0, 50.0, 12.5]))
    with pytest.raises(BadInputError, match=r"score of 3 records, as image 1.*largest is 100\.0"):
        sound_store(given, tmp_path / "copy")
    assert sound_store(given, tmp_path / "copy", max_score=None) is given
    copy = sound_store(given, tmp_path / "copy", max_score=100.0).read_all()
    assert copy.score.tolist() == [1.0, 0.5, 0.125]
    assert copy.score_mask.tolist() == [0.5, 0.25, 0.0625]


def test_scores_within_a_rounding_error_are_cut(
    store: Store, random_columns: Make, tmp_path: Path
) -> None:
    given = store(scored(random_columns([1, 2, 5]), [1 + 1e-7, 0.5, -1e-9]))
    copy = sound_store(given, tmp_path / "copy")
    assert copy.read_all().score.tolist() == [1.0, 0.5, 0.0]
    assert "2 scores miss 0 to 1" in " ".join(warnings_of(copy))


@pytest.mark.parametrize("max_score", [None, 1.0])
@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(
    store: Store, random_columns: Make, tmp_path: Path, score: float, max_score: float | None
) -> None:
    given = store(scored(random_columns([1, 2]), [0.5, score]))
    with pytest.raises(BadInputError, match="is not a finite number"):
        sound_store(given, tmp_path / "copy", max_score)


def test_scores_below_0_are_refused(store: Store, random_columns: Make, tmp_path: Path) -> None:
    given = store(scored(random_columns([1, 2]), [0.5, -4.0]))
    with pytest.raises(BadInputError, match=r"as image 2 \(-4\.0, -2\.0\), is below 0.*sigmoid"):
        sound_store(given, tmp_path / "copy")
