"""Halves of a data set: nothing in both, nothing lost."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.calibration_scene import write_masks

from ensemble.sources.open import open_source
from ensemble.sources.spec import parse_sources
from ensemble.tuning.split import restrict, split_images, write_annotations
from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import SoftMasks
from longtail.predictions.store import PredictionStore, StoreWriter
from longtail.problems import BadInputError


def test_halves_share_no_image_and_miss_none() -> None:
    ids = np.arange(10, 111)
    first, second = split_images(ids, seed=3)
    assert (len(first), len(second)) == (51, 50)
    assert np.array_equal(np.sort(np.concatenate([first, second])), ids)
    assert bool((np.diff(first) > 0).all()) and bool((np.diff(second) > 0).all())
    assert np.array_equal(first, split_images(ids, seed=3)[0])
    assert not np.array_equal(first, split_images(ids, seed=4)[0])


def test_few_images_are_refused() -> None:
    with pytest.raises(BadInputError, match="7 images cannot be halved"):
        split_images(np.arange(7), seed=0)


def test_annotations_of_some_images_are_all_there_is_of_them(tmp_path: Path) -> None:
    whole = read_ground_truth(write_masks(tmp_path, 20))
    ids = whole.images.ids[[1, 4, 5, 17]]
    part = read_ground_truth(write_annotations(whole.path, ids.tolist(), tmp_path / "part.json"))
    assert np.array_equal(part.images.ids, ids)
    assert part.categories.same_ids(whole.categories)
    assert [len(records) for records in part.annotations] == [
        len(whole.annotations[rank]) for rank in (1, 4, 5, 17)
    ]


def test_an_image_info_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "info.json"
    path.write_text('{"images": [], "categories": []}')
    with pytest.raises(BadInputError, match=r"info\.json.*tuning needs annotations"):
        write_annotations(path, [1], tmp_path / "part.json")


def test_a_restricted_source_has_the_rows_of_its_images_in_their_order(tmp_path: Path) -> None:
    whole = read_ground_truth(write_masks(tmp_path, 100))
    (spec,) = parse_sources([f"a={tmp_path / 'a.json'}"])
    source = open_source(spec, whole.images, whole.categories, tmp_path / "opened")
    ids, _ = split_images(whole.images.ids, seed=0)
    path = write_annotations(whole.path, ids.tolist(), tmp_path / "part.json")
    part = restrict(source, read_ground_truth(path).images, tmp_path / "half")
    columns = PredictionStore.open(source.directory).read_all()
    expected = columns.take(np.isin(columns.image_id, ids))
    found = PredictionStore.open(part.directory).read_all()
    assert len(found) > 100
    assert found.rles() == expected.rles()
    for name in ("image_id", "category_id", "score", "boxes"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))
    assert isinstance(found, DetectionColumns) and part.seen_in == part.directory


def test_a_restricted_source_keeps_its_soft_masks(tmp_path: Path) -> None:
    whole = read_ground_truth(write_masks(tmp_path, 20))
    (spec,) = parse_sources([f"a={tmp_path / 'a.json'}"])
    source = open_source(spec, whole.images, whole.categories, tmp_path / "opened")
    store = PredictionStore.open(source.directory)
    writer = StoreWriter(tmp_path / "soft", store.images, store.source, soft_masks=True)
    random = np.random.default_rng(0)
    blocks = [
        replace(columns, soft=SoftMasks.of(random.random((len(columns), 28, 28))))
        for columns in store.blocks()
    ]
    writer.write_shard(0, blocks)
    soft = replace(source, directory=writer.finish().directory)
    ids, _ = split_images(whole.images.ids, seed=0)
    path = write_annotations(whole.path, ids.tolist(), tmp_path / "part.json")
    part = restrict(soft, read_ground_truth(path).images, tmp_path / "half")
    columns = DetectionColumns.concatenate(blocks)
    expected = columns.take(np.isin(columns.image_id, ids)).soft
    kept = PredictionStore.open(part.directory).blocks(with_soft_masks=True)
    found = DetectionColumns.concatenate(list(kept)).soft
    assert expected is not None and found is not None and len(found.cells) > 0
    assert np.array_equal(found.cells, expected.cells)
    assert np.array_equal(found.offsets, expected.offsets)
