"""A result file as a store that was never written: its blocks are read from the import's spill."""

from pathlib import Path

from longtail.predictions.columns import DetectionColumns
from longtail.predictions.manifest import Manifest, ShardEntry, Source, shard_name
from longtail.predictions.spill import BLOCKS_PER_BUCKET, Spill
from longtail.predictions.store_reader import PredictionStore


class SpilledStore(PredictionStore):
    """The detections of a spill, for the process that filled it.

    The directory holds neither shards nor a manifest, so nobody else can take it for a store.

    Args:
        spill: To be read from; in `directory`.
        directory: Lives at least as long as the store is read.
        source: Where the predictions come from.
        notes: Counts to keep with the store.
    """

    def __init__(
        self, spill: Spill, directory: Path, source: Source, notes: dict[str, int]
    ) -> None:
        images = spill.images
        rows = spill.num_rows.tolist()
        blocks = [images.blocks_of_shard(shard) for shard in range(images.num_shards)]
        entries = [
            ShardEntry(shard_name(shard), rows[of.start : of.stop], 0, "")
            for shard, of in enumerate(blocks)
        ]
        super().__init__(directory, Manifest.of(images, source, entries, notes))
        self._spill = spill
        self._open_bucket: tuple[int, list[DetectionColumns]] | None = None

    def read_block(
        self, block: int, with_masks: bool = True, with_soft_masks: bool = False
    ) -> DetectionColumns:
        """The detections of one block's images, sorted by image id, then in the file's order."""
        bucket, number = divmod(block, BLOCKS_PER_BUCKET)
        # Blocks are read in order, so one bucket at a time is enough.
        if self._open_bucket is None or self._open_bucket[0] != bucket:
            self._open_bucket = None
            self._open_bucket = bucket, self._spill.blocks_of(bucket)
        columns = self._open_bucket[1][number]
        return columns if with_masks else columns.without_masks()
