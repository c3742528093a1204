"""Predictions on disk: a directory of Parquet shards and a manifest, one source each.

A shard holds 1024 images and a row group one block of 32, also where a block has no detection, so
that row group g of shard s is block 32 s + g of every source of the image set. The manifest is
written last and by renaming: a directory without one is not a store.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.files import sha256_of
from longtail.predictions.arrow_tables import SCHEMA, SOFT_SCHEMA
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.manifest import Manifest, ShardEntry, Source, shard_name, write_manifest
from longtail.predictions.shards import ShardReader, new_shard_file
from longtail.predictions.store_reader import PredictionStore, is_store

__all__ = ["PredictionStore", "Source", "StoreWriter", "is_store"]


class StoreWriter:
    """Writes a store shard by shard, in any order and from any number of processes.

    Args:
        directory: Of the store.
        images: Its images.
        source: Where the predictions come from.
        soft_masks: Keep the grids of detections that have one.
    """

    def __init__(
        self, directory: Path, images: ImageSet, source: Source, soft_masks: bool = False
    ) -> None:
        self._schema = SOFT_SCHEMA if soft_masks else SCHEMA
        self.directory = directory
        self.images = images
        self.source = source
        directory.mkdir(parents=True, exist_ok=True)

    def missing_shards(self) -> list[int]:
        """The shards that nobody has written yet."""
        shards = range(self.images.num_shards)
        return [shard for shard in shards if not (self.directory / shard_name(shard)).exists()]

    def write_shard(self, shard: int, blocks: Iterable[DetectionColumns]) -> None:
        """Write the blocks of one shard, all of them, in order; it appears when it is complete.

        Rows may come in any order of images; those of one image keep their order.
        """
        with self.open_shard(shard) as write:
            for columns in blocks:
                write(columns)

    @contextmanager
    def open_shard(self, shard: int) -> Iterator[Callable[[DetectionColumns], None]]:
        """Yield a function that takes the blocks of one shard, all of them, in order.

        The shard appears when the `with` block ends well. Rows may come in any order of images;
        those of one image keep their order.

        Raises:
            ValueError: A block is missing, or there are too many.
        """
        numbers = self.images.blocks_of_shard(shard)
        ids = iter(self.images.blocks()[numbers.start : numbers.stop])
        with new_shard_file(self.directory / shard_name(shard), self._schema) as write:
            yield lambda columns: write(_in_order(columns, _next_block(ids)))
            if next(ids, None) is not None:
                raise ValueError(f"{self.directory}: a block of shard {shard} is missing")

    def finish(self, notes: Mapping[str, int] | None = None) -> PredictionStore:
        """Write the manifest once every shard is there.

        Args:
            notes: Counts to keep with the store, such as records dropped at import.

        Raises:
            ValueError: A shard is missing.
        """
        if missing := self.missing_shards():
            raise ValueError(f"{self.directory}: shards {missing} are not written yet")
        entries, soft_masks = [], False
        for number in range(self.images.num_shards):
            reader = ShardReader(self.directory / shard_name(number))
            entries.append(_entry_of(reader))
            soft_masks = soft_masks or reader.has_soft_masks
        manifest = Manifest.of(self.images, self.source, entries, dict(notes or {}), soft_masks)
        write_manifest(self.directory, manifest)
        return PredictionStore.open(self.directory)


def _next_block(ids: Iterator[NDArray[np.int64]]) -> NDArray[np.int64]:
    try:
        return next(ids)
    except StopIteration:
        raise ValueError("more blocks than the shard has") from None


def _in_order(columns: DetectionColumns, image_ids: NDArray[np.int64]) -> DetectionColumns:
    assert bool(np.isin(columns.image_id, image_ids).all()), "a row of another block's image"
    if bool((np.diff(columns.image_id) >= 0).all()):
        return columns
    return columns.take(np.argsort(columns.image_id, kind="stable"))


def _entry_of(reader: ShardReader) -> ShardEntry:
    path = reader.path
    return ShardEntry(path.name, reader.rows, path.stat().st_size, sha256_of(path))
