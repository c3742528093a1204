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

from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import BLOCKS_PER_SHARD, ImageSet
from longtail.predictions.manifest import (
    MANIFEST_NAME,
    Manifest,
    ShardEntry,
    Source,
    read_manifest,
    shard_name,
    write_manifest,
)
from longtail.predictions.shards import ShardReader, new_shard_file, sha256_of
from longtail.problems import BadInputError

__all__ = ["PredictionStore", "Source", "StoreWriter", "is_store"]


def is_store(path: Path) -> bool:
    """Whether a finished store lies in a directory."""
    return (path / MANIFEST_NAME).is_file()


class PredictionStore:
    """The detections of one source, read block by block."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self.manifest = manifest
        self.images = manifest.image_set()
        self.source = manifest.source
        self._open_shard: tuple[int, ShardReader] | None = None

    @classmethod
    def open(cls, directory: Path, verify: bool = False) -> "PredictionStore":
        """Open a finished store.

        Args:
            directory: Where its manifest is.
            verify: Also compare the SHA-256 of every shard, which reads all of it.

        Raises:
            BadInputError: The manifest is missing, damaged or of another schema version; a shard
                is missing, has another size, or (with `verify`) another digest.
        """
        store = cls(directory, read_manifest(directory))
        for entry in store.manifest.shards:
            _check_shard(directory / entry.file, entry, verify)
        return store

    @property
    def num_detections(self) -> int:
        """Rows of all blocks."""
        return sum(sum(entry.rows) for entry in self.manifest.shards)

    @property
    def block_count(self) -> int:
        """Blocks of 32 images, empty ones included."""
        return self.images.num_blocks

    def read_block(self, block: int, with_masks: bool = True) -> DetectionColumns:
        """The detections of one block's images, sorted by image id, then in the source's order.

        Args:
            block: 0 to `block_count` - 1.
            with_masks: Read the run-length strings too, nearly all of a store's bytes.

        Raises:
            BadInputError: The shard cannot be read.
        """
        shard, group = divmod(block, BLOCKS_PER_SHARD)
        columns = self._reader(shard).read(group, with_masks)
        if len(columns) != self.manifest.shards[shard].rows[group]:
            raise BadInputError(
                f"{self.directory}: block {block} has {len(columns)} rows and the manifest says "
                f"{self.manifest.shards[shard].rows[group]}; make the store again"
            )
        return columns

    def blocks(self, with_masks: bool = True) -> Iterator[DetectionColumns]:
        """All blocks in order, one in memory at a time."""
        return (self.read_block(block, with_masks) for block in range(self.block_count))

    def read_all(self, with_masks: bool = True) -> DetectionColumns:
        """The detections of all images at once."""
        return DetectionColumns.concatenate(list(self.blocks(with_masks)))

    def _reader(self, shard: int) -> ShardReader:
        # Blocks are read in order, so one open file at a time is enough.
        if self._open_shard is None or self._open_shard[0] != shard:
            path = self.directory / self.manifest.shards[shard].file
            self._open_shard = shard, ShardReader(path)
        return self._open_shard[1]


class StoreWriter:
    """Writes a store shard by shard, in any order and from any number of processes."""

    def __init__(self, directory: Path, images: ImageSet, source: Source) -> None:
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
        with new_shard_file(self.directory / shard_name(shard)) as write:
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
        names = map(shard_name, range(self.images.num_shards))
        entries = [_entry_of(self.directory / name) for name in names]
        write_manifest(
            self.directory, Manifest.of(self.images, self.source, entries, dict(notes or {}))
        )
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


def _entry_of(path: Path) -> ShardEntry:
    rows = ShardReader(path).rows
    return ShardEntry(path.name, rows, path.stat().st_size, sha256_of(path))


def _check_shard(path: Path, entry: ShardEntry, verify: bool) -> None:
    remedy = "copy the store again from where it was made, or make it again"
    if not path.is_file():
        raise BadInputError(f"{path}: the shard is missing; {remedy}")
    if path.stat().st_size != entry.bytes:
        raise BadInputError(
            f"{path}: the shard has {path.stat().st_size} bytes and the manifest says "
            f"{entry.bytes}; {remedy}"
        )
    if verify and sha256_of(path) != entry.sha256:
        raise BadInputError(f"{path}: the shard's SHA-256 is not the manifest's; {remedy}")
