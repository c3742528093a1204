"""Sorts detections that come in any order into blocks, by way of the disk."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from longtail.predictions.arrow_tables import SCHEMA, from_table, to_table
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import IMAGES_PER_BLOCK, ImageSet

# Buckets of 256 images: small to hold in memory, large enough to be read in few pieces.
BLOCKS_PER_BUCKET = 8
IMAGES_PER_BUCKET = BLOCKS_PER_BUCKET * IMAGES_PER_BLOCK


class Spill:
    """One Arrow file that takes detections in any order and gives them back block by block.

    Memory holds what one `add` brings, and later one bucket of 8 blocks.
    """

    def __init__(self, path: Path, images: ImageSet) -> None:
        self._path = path
        self._images = images
        self._batches: dict[int, list[int]] = defaultdict(list)
        self._num_batches = 0
        # Written once and read once: packing would take longer than it saves.
        self._writer = pa.ipc.new_file(path, SCHEMA)

    def __enter__(self) -> "Spill":
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()
        self._path.unlink()

    def add(self, columns: DetectionColumns) -> None:
        """Take detections of any of the images."""
        if not len(columns):
            return
        buckets = self._images.find(columns.image_id) // IMAGES_PER_BUCKET
        if bool((np.diff(buckets) < 0).any()):
            order = np.argsort(buckets, kind="stable")
            columns, buckets = columns.take(order), buckets[order]
        table = to_table(columns)
        starts = np.flatnonzero(np.diff(buckets, prepend=-1)).tolist()
        for start, end in pairwise([*starts, len(columns)]):
            self._writer.write_table(table.slice(start, end - start))
            self._batches[int(buckets[start])].append(self._num_batches)
            self._num_batches += 1

    def close(self) -> None:
        """End the writing; blocks can be read from now on."""
        self._writer.close()

    def blocks(self) -> Iterator[DetectionColumns]:
        """All blocks in order, each by image id, then in the order of arrival."""
        ids = self._images.blocks()
        for bucket, first in enumerate(range(0, len(ids), BLOCKS_PER_BUCKET)):
            rows = self._read(bucket)
            if bool((np.diff(rows.image_id) < 0).any()):
                rows = rows.take(np.argsort(rows.image_id, kind="stable"))
            first_ids = [block[0] for block in ids[first : first + BLOCKS_PER_BUCKET]]
            starts = np.searchsorted(rows.image_id, first_ids).tolist()
            for start, end in pairwise([*starts, len(rows)]):
                yield rows.between(start, end)

    def _read(self, bucket: int) -> DetectionColumns:
        with pa.OSFile(str(self._path)) as file:
            reader = pa.ipc.open_file(file)
            batches = [reader.get_batch(number) for number in self._batches[bucket]]
        return DetectionColumns.concatenate(
            [from_table(pa.Table.from_batches([batch])) for batch in batches]
        )
