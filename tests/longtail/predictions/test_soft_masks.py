"""Grids of probabilities: in columns, in stores, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from longtail.predictions import shards
from longtail.predictions.arrow_tables import SOFT_SCHEMA
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.soft_masks import FULL, MAX_SIDE, SoftMasks
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.problems import BadInputError

Make = Callable[..., DetectionColumns]


def grids(num_rows: int, side: int = 28, seed: int = 0) -> SoftMasks:
    return SoftMasks.of(np.random.default_rng(seed).random((num_rows, side, side)))


def with_grids(columns: DetectionColumns, side: int = 28) -> DetectionColumns:
    """Every detection that has a mask gets a grid too."""
    parts = [
        grids(1, side, row) if has else SoftMasks.none(1)
        for row, has in enumerate(columns.has_mask)
    ]
    return replace(columns, soft=SoftMasks.concatenate([SoftMasks.none(0), *parts]))


def store_of(folder: Path, images: ImageSet, columns: DetectionColumns, soft: bool = True) -> Path:
    writer = StoreWriter(folder, images, Source("a"), soft)
    writer.write_shard(0, [columns])
    writer.finish()
    return folder


def assert_same_grids(one: SoftMasks | None, other: SoftMasks | None) -> None:
    assert one is not None and other is not None
    assert np.array_equal(one.cells, other.cells) and np.array_equal(one.offsets, other.offsets)


def test_probabilities_are_rounded_to_the_nearest_byte() -> None:
    random = np.random.default_rng(0).random((3, 28, 28))
    soft = SoftMasks.of(random)
    assert soft.sides.tolist() == [28, 28, 28]
    assert np.abs(soft.grid(1) / FULL - random[1]).max() <= 0.5 / FULL
    assert SoftMasks.of(np.array([[[0.0, 1.0], [2.0, -1.0]]])).cells.tolist() == [0, 255, 255, 0]


def test_rows_with_and_without_grids_are_taken_and_joined() -> None:
    soft = SoftMasks.concatenate([grids(2), SoftMasks.none(2), grids(1, 56)])
    assert soft.sides.tolist() == [28, 28, 0, 0, 56]
    taken = soft.take(np.array([4, 2, 0]))
    assert taken.sides.tolist() == [56, 0, 28]
    assert np.array_equal(taken.grid(0), soft.grid(4)) and np.array_equal(
        taken.grid(2), soft.grid(0)
    )


def test_columns_carry_their_grids(random_columns: Make) -> None:
    plain = random_columns([1, 1, 2])
    soft = with_grids(random_columns([5, 5]))
    joined = DetectionColumns.concatenate([plain, soft])
    assert joined.soft is not None and joined.soft.sides.tolist() == [0, 0, 0, 28, 28]
    assert joined.take(np.array([3, 0])).soft.sides.tolist() == [28, 0]  # type: ignore[union-attr]
    assert joined.without_masks().soft is None
    assert DetectionColumns.concatenate([plain, plain]).soft is None


def test_a_store_gives_grids_back_where_they_are_asked_for(
    tmp_path: Path, images: ImageSet, random_columns: Make
) -> None:
    columns = with_grids(random_columns([1, 1, 1, 5, 9]))
    store = PredictionStore.open(store_of(tmp_path / "a", images, columns), verify=True)
    assert store.has_soft_masks
    assert_same_grids(store.read_block(0, with_soft_masks=True).soft, columns.soft)
    assert store.read_block(0).soft is None
    assert store.read_block(0, with_masks=False, with_soft_masks=True).soft is None


def test_rows_are_sorted_with_their_grids(
    tmp_path: Path, images: ImageSet, random_columns: Make
) -> None:
    columns = with_grids(random_columns([9, 1, 5, 1]))
    read = PredictionStore.open(store_of(tmp_path / "a", images, columns)).read_block(
        0, with_soft_masks=True
    )
    assert_same_grids(read.soft, columns.take(np.array([1, 3, 2, 0])).soft)


def test_a_store_without_grids_is_what_it_was(
    tmp_path: Path, images: ImageSet, random_columns: Make
) -> None:
    columns = random_columns([1, 5])
    without = store_of(tmp_path / "a", images, with_grids(columns), soft=False)
    assert not PredictionStore.open(without).has_soft_masks
    assert PredictionStore.open(without).read_block(0, with_soft_masks=True).soft is None
    manifest = msgspec.json.decode((without / "manifest.json").read_bytes())["manifest"]
    assert manifest["schema_version"] == 1 and "soft_masks" not in manifest
    plain = store_of(tmp_path / "b", images, columns, soft=False)
    for path in plain.iterdir():
        assert path.read_bytes() == (without / path.name).read_bytes()


def test_a_store_with_grids_has_a_version_that_older_programs_refuse(
    tmp_path: Path, images: ImageSet, random_columns: Make
) -> None:
    folder = store_of(tmp_path / "a", images, with_grids(random_columns([1])))
    manifest = msgspec.json.decode((folder / "manifest.json").read_bytes())["manifest"]
    assert manifest["schema_version"] == 2 and manifest["soft_masks"] is True


@pytest.mark.parametrize(
    ("lengths", "problem"),
    [
        ([5, 0], "5 bytes is no square grid of 2 to 112"),
        ([1, 0], "1 bytes is no square grid"),
        ([(MAX_SIDE + 1) ** 2, 0], "no square grid"),
        ([4, 4], "row 1 has a soft mask and no mask"),
    ],
)
def test_hostile_grids_are_refused(lengths: list[int], problem: str) -> None:
    offsets = np.cumsum([0, *lengths])
    soft = SoftMasks(np.zeros(offsets[-1], np.uint8), offsets)
    found = soft.problem(np.array([True, False]))
    assert found is not None and problem in found


def test_a_store_of_hostile_grids_is_named(
    tmp_path: Path, images: ImageSet, random_columns: Make
) -> None:
    wrong = SoftMasks(np.zeros(7, np.uint8), np.array([0, 7]))
    columns = replace(random_columns([1]), soft=wrong)
    store = PredictionStore.open(store_of(tmp_path / "a", images, columns))
    assert len(store.read_block(0)) == 1
    with pytest.raises(BadInputError, match=r"shard-00000\.parquet is damaged \(a soft mask of 7"):
        store.read_block(0, with_soft_masks=True)


def test_grids_over_the_limit_of_memory_are_not_unpacked(
    tmp_path: Path, images: ImageSet, random_columns: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = with_grids(random_columns([1] * 6))
    store = PredictionStore.open(store_of(tmp_path / "a", images, columns))
    monkeypatch.setattr(shards, "MAX_BLOCK_BYTES", 3000)
    with pytest.raises(BadInputError, match=r"soft masks of row group 0 take .* over 3000"):
        store.read_block(0, with_soft_masks=True)


def test_shards_and_manifest_must_agree(
    tmp_path: Path, images: ImageSet, random_columns: Make
) -> None:
    columns = with_grids(random_columns([1]))
    plain = store_of(tmp_path / "a", images, columns, soft=False)
    soft = store_of(tmp_path / "b", images, columns)
    manifest = PredictionStore.open(soft).manifest
    store = PredictionStore(plain, manifest)
    with pytest.raises(BadInputError, match="has soft masks or not, other than the manifest"):
        store.read_block(0)


def test_grids_are_packed_well(tmp_path: Path, images: ImageSet, random_columns: Make) -> None:
    y, x = np.mgrid[:28, :28] / 28 - 0.5
    disc = 1 / (1 + np.exp((np.hypot(y, x) - 0.4) * 40))
    columns = random_columns([1, 1])
    columns = replace(columns, soft=SoftMasks.of(np.stack([disc, disc])))
    folder = store_of(tmp_path / "a", images, columns)
    file = pq.ParquetFile(folder / "shard-00000.parquet")
    assert file.schema_arrow.equals(SOFT_SCHEMA)
    column = file.metadata.row_group(0).column(len(SOFT_SCHEMA.names) - 1)
    assert column.compression == "ZSTD"
    assert column.total_compressed_size < column.total_uncompressed_size
