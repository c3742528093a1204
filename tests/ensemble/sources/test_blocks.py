from dataclasses import fields, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from support.square_masks import detections, image_set

from ensemble.sources.blocks import BlockReader, images_seen
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.problems import BadInputError


def category_table(ids: list[int]) -> CategoryTable:
    counts = {"frequency": "r", "image_count": 1, "instance_count": 1}
    return CategoryTable.from_records([{"id": i, "name": str(i), **counts} for i in ids], "test")


def store(path: Path, images: ImageSet, columns: DetectionColumns) -> PredictionStore:
    writer = StoreWriter(path, images, Source(path.name))
    writer.write_shard(0, [columns.take(np.isin(columns.image_id, ids)) for ids in images.blocks()])
    return writer.finish()


def test_block_holds_the_same_images_of_every_source(tmp_path: Path) -> None:
    images = image_set(40)
    stores = [
        store(tmp_path / "a", images, detections([1, 33, 33])),
        store(tmp_path / "b", images, detections([34], category_id=9)),
        store(tmp_path / "c", images, detections([])),
    ]
    block = BlockReader(stores, category_table([7, 9])).read(1, images.blocks()[1])
    assert block.columns.image_id.tolist() == [33, 33, 34]
    assert block.sources.tolist() == [0, 0, 1]
    assert block.images.tolist() == [0, 0, 1]
    assert block.categories.tolist() == [0, 0, 1]
    assert images_seen(block, 3)[:, :2].tolist() == [[True, False], [False, True], [False, False]]


def test_unknown_category_names_the_source(tmp_path: Path) -> None:
    images = image_set(1)
    columns = replace(detections([1]), category_id=np.array([8]))
    stores = [store(tmp_path / "a", images, columns)]
    with pytest.raises(BadInputError, match=r"a: 1 unknown category ids: 8"):
        BlockReader(stores, category_table([7])).read(0, images.blocks()[0])


def test_a_reader_gives_what_reading_each_source_gives(tmp_path: Path) -> None:
    images = image_set(70)
    stores = [
        store(tmp_path / "a", images, detections([1, 33, 33, 70])),
        store(tmp_path / "b", images, detections([2, 34, 64], category_id=9)),
        store(tmp_path / "c", images, detections([])),
    ]
    reader = BlockReader(stores, category_table([7, 9]))
    for number, ids in enumerate(images.blocks()):
        block = reader.read(number, ids)
        parts = DetectionColumns.concatenate([store.read_block(number) for store in stores])
        for field in fields(DetectionColumns):
            found, expected = getattr(block.columns, field.name), getattr(parts, field.name)
            assert np.array_equal(found, expected), field.name
        assert ids[block.images].tolist() == parts.image_id.tolist()
        assert block.categories.tolist() == (parts.category_id == 9).astype(int).tolist()


@pytest.mark.parametrize("ids", [[7, 9], [0, 7], [7, 2**40], [2**40, 2**40 + 7]])
def test_category_ids_may_be_any(tmp_path: Path, ids: list[int]) -> None:
    images = image_set(1)
    columns = replace(detections([1, 1, 1]), category_id=np.array([ids[1], ids[0], ids[1]]))
    stores = [store(tmp_path / "a", images, columns)]
    block = BlockReader(stores, category_table(ids)).read(0, images.blocks()[0])
    assert block.categories.tolist() == [1, 0, 1]
    with pytest.raises(BadInputError, match=r"a: 1 unknown category ids: "):
        BlockReader(stores, category_table(ids[:1])).read(0, images.blocks()[0])


def test_a_shard_with_other_rows_than_the_manifest_says_is_refused(tmp_path: Path) -> None:
    images = image_set(1)
    opened = store(tmp_path / "a", images, detections([1, 1]))
    entry = msgspec.structs.replace(opened.manifest.shards[0], rows=[3])
    manifest = msgspec.structs.replace(opened.manifest, shards=[entry])
    wrong = PredictionStore(opened.directory, manifest)
    with pytest.raises(BadInputError, match="block 0 has 2 rows and the manifest says 3"):
        BlockReader([wrong], category_table([7])).read(0, images.blocks()[0])
