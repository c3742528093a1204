"""Reading a finished store, block by block."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from longtail.files import sha256_of
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import BLOCKS_PER_SHARD
from longtail.predictions.manifest import MANIFEST_NAME, Manifest, ShardEntry, read_manifest
from longtail.predictions.shards import ShardReader
from longtail.problems import BadInputError


def is_store(path: Path) -> bool:
    """Whether a finished store lies in a directory."""
    return (path / MANIFEST_NAME).is_file()


def taken_by(path: Path) -> str:
    """What a path that is no free name for a new directory holds, as a message says it."""
    return "holds a prediction store" if is_store(path) else "exists"


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
            verify: Also compare the SHA-256 of every shard, which reads all of it: what every
                command does once with a store that another one wrote.

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

    @property
    def has_soft_masks(self) -> bool:
        """Whether detections may have the grids that their masks were made of."""
        return self.manifest.soft_masks

    def read_block(
        self, block: int, with_masks: bool = True, with_soft_masks: bool = False
    ) -> DetectionColumns:
        """The detections of one block's images, sorted by image id, then in the source's order.

        Args:
            block: 0 to `block_count` - 1.
            with_masks: Read the run-length strings too, nearly all of a store's bytes.
            with_soft_masks: With masks, read the grids too, where the store has some.

        Raises:
            BadInputError: The shard cannot be read.
        """
        shard, group = divmod(block, BLOCKS_PER_SHARD)
        columns = self._reader(shard).read(group, with_masks, with_soft_masks)
        self._check_rows(block, len(columns))
        return columns

    def read_table(self, block: int) -> pa.Table:
        """`read_block` with masks as an Arrow table, for readers of many stores at once.

        Raises:
            BadInputError: The shard cannot be read.
        """
        shard, group = divmod(block, BLOCKS_PER_SHARD)
        table = self._reader(shard).read_table(group, with_masks=True)
        self._check_rows(block, len(table))
        return table

    def blocks(
        self, with_masks: bool = True, with_soft_masks: bool = False
    ) -> Iterator[DetectionColumns]:
        """All blocks in order, one in memory at a time."""
        what = with_masks, with_soft_masks
        return (self.read_block(block, *what) for block in range(self.block_count))

    def read_all(self, with_masks: bool = True) -> DetectionColumns:
        """The detections of all images at once."""
        return DetectionColumns.concatenate(list(self.blocks(with_masks)))

    def _check_rows(self, block: int, found: int) -> None:
        shard, group = divmod(block, BLOCKS_PER_SHARD)
        if found != self.manifest.shards[shard].rows[group]:
            raise BadInputError(
                f"{self.directory}: block {block} has {found} rows and the manifest says "
                f"{self.manifest.shards[shard].rows[group]}; make the store again"
            )

    def _reader(self, shard: int) -> ShardReader:
        # Blocks are read in order, so one open file at a time is enough.
        if self._open_shard is None or self._open_shard[0] != shard:
            path = self.directory / self.manifest.shards[shard].file
            reader = ShardReader(path)
            if reader.has_soft_masks != self.has_soft_masks:
                raise BadInputError(
                    f"{path}: has soft masks or not, other than the manifest says; make the store "
                    "again"
                )
            self._open_shard = shard, reader
        return self._open_shard[1]


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
