import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore, Source, StoreWriter, is_store
from longtail.problems import BadInputError

Make = Callable[..., DetectionColumns]
WriteStore = Callable[..., PredictionStore]


def image_set(num_images: int) -> ImageSet:
    sides = np.full(num_images, 20), np.full(num_images, 30)
    return ImageSet(np.arange(num_images), *sides)


def assert_equal(a: DetectionColumns, b: DetectionColumns) -> None:
    for field in fields(DetectionColumns):
        assert np.array_equal(getattr(a, field.name), getattr(b, field.name)), field.name


def flip(path: Path, position: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1 << bit
    path.write_bytes(content)


def test_blocks_come_back_exactly(tmp_path: Path, random_columns: Make) -> None:
    images = image_set(40)
    blocks = [random_columns([0, 0, 7, 31]), random_columns([32, 39, 39])]
    writer = StoreWriter(tmp_path, images, Source("a", node="0123", scale=800, flip=True))
    writer.write_shard(0, blocks)
    writer.finish({"records": 7})
    store = PredictionStore.open(tmp_path, verify=True)
    for read, written in zip(store.blocks(), blocks, strict=True):
        assert_equal(read, written)
    assert store.source == Source("a", node="0123", scale=800, flip=True)
    assert (store.num_detections, store.block_count) == (7, 2)
    assert store.manifest.notes == {"records": 7}
    assert store.images.digest() == images.digest()


def test_rows_are_sorted_by_image_and_keep_their_order_inside(
    tmp_path: Path, random_columns: Make
) -> None:
    columns = random_columns([7, 3, 7, 3, 0])
    writer = StoreWriter(tmp_path, image_set(8), Source("a"))
    writer.write_shard(0, [columns])
    assert_equal(writer.finish().read_block(0), columns.take(np.array([4, 1, 3, 0, 2])))


def test_a_block_without_detections_keeps_its_number(tmp_path: Path, random_columns: Make) -> None:
    writer = StoreWriter(tmp_path, image_set(96), Source("a"))
    writer.write_shard(0, [random_columns([1]), DetectionColumns.empty(), random_columns([70])])
    store = writer.finish()
    assert [len(columns) for columns in store.blocks()] == [1, 0, 1]
    assert len(store.read_block(1, with_masks=False)) == 0
    assert store.read_block(2).image_id.tolist() == [70]


def test_all_rows_can_be_read_with_and_without_masks(write_store: WriteStore) -> None:
    store = write_store(image_set(100))
    everything = store.read_all()
    assert len(everything) == store.num_detections == 250
    assert_equal(store.read_all(with_masks=False), everything.without_masks())


def test_shards_may_be_written_in_any_order_by_any_writer(
    tmp_path: Path, random_columns: Make
) -> None:
    images = image_set(1030)
    first, second = (StoreWriter(tmp_path, images, Source("a")) for _ in range(2))
    second.write_shard(1, [random_columns([1029])])
    assert first.missing_shards() == [0]
    with pytest.raises(ValueError, match=re.escape("shards [0] are not written")):
        second.finish()
    first.write_shard(0, [DetectionColumns.empty()] * 32)
    assert first.finish().read_block(32).image_id.tolist() == [1029]


def test_a_shard_that_fails_leaves_nothing(tmp_path: Path, random_columns: Make) -> None:
    writer = StoreWriter(tmp_path, image_set(64), Source("a"))
    with pytest.raises(ValueError, match="a block of shard 0 is missing"):
        writer.write_shard(0, [random_columns([1])])
    with pytest.raises(ValueError, match="more blocks than the shard has"):
        writer.write_shard(0, [random_columns([1])] + [DetectionColumns.empty()] * 2)
    assert list(tmp_path.iterdir()) == []


def test_equal_stores_have_equal_bytes(write_store: WriteStore) -> None:
    first, second = (write_store(image_set(40), name).directory for name in ("one", "two"))
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_a_directory_without_manifest_is_no_store(tmp_path: Path) -> None:
    assert not is_store(tmp_path)
    with pytest.raises(BadInputError, match=r"manifest\.json is missing: .*`python -m ensemble"):
        PredictionStore.open(tmp_path)


def test_another_schema_version_is_refused(write_store: WriteStore) -> None:
    path = write_store(image_set(8)).directory / "manifest.json"
    path.write_text(path.read_text().replace('"schema_version":1', '"schema_version":3'))
    with pytest.raises(BadInputError, match=r"schema_version is 3 .* reads 1 and 2; export"):
        PredictionStore.open(path.parent)


def test_any_changed_byte_of_the_manifest_is_noticed(write_store: WriteStore) -> None:
    path = write_store(image_set(8)).directory / "manifest.json"
    sound = path.read_bytes()
    for position in range(len(sound)):
        flip(path, position)
        with pytest.raises(BadInputError, match=r"manifest\.json"):
            PredictionStore.open(path.parent)
        path.write_bytes(sound)


def test_a_missing_shard_is_named(write_store: WriteStore) -> None:
    path = write_store(image_set(8)).directory / "shard-00000.parquet"
    path.unlink()
    with pytest.raises(BadInputError, match=r"shard-00000\.parquet: the shard is missing; copy"):
        PredictionStore.open(path.parent)


def test_a_truncated_shard_is_named(write_store: WriteStore) -> None:
    path = write_store(image_set(8)).directory / "shard-00000.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadInputError, match=r"shard-00000\.parquet: the shard has \d+ bytes"):
        PredictionStore.open(path.parent)


def test_verifying_notices_any_changed_byte_of_a_shard(write_store: WriteStore) -> None:
    path = write_store(image_set(8)).directory / "shard-00000.parquet"
    flip(path, path.stat().st_size // 2)
    PredictionStore.open(path.parent)
    with pytest.raises(BadInputError, match="SHA-256"):
        PredictionStore.open(path.parent, verify=True)


def test_reading_a_changed_shard_fails_or_gives_the_right_rows(write_store: WriteStore) -> None:
    store = write_store(image_set(8))
    path = store.directory / "shard-00000.parquet"
    sound, rows = path.read_bytes(), store.read_all()
    rng = np.random.default_rng(0)
    outcomes = set()
    for position in rng.integers(0, len(sound), 200).tolist():
        flip(path, position, int(rng.integers(8)))
        try:
            assert_equal(PredictionStore.open(path.parent).read_all(), rows)
            outcomes.add("right")
        except BadInputError as error:
            assert "shard-00000.parquet" in str(error) or "block 0" in str(error)
            outcomes.add("refused")
        path.write_bytes(sound)
    assert "refused" in outcomes
