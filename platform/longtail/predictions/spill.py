"""Sorts detections that come in any order into blocks, by way of the disk; repeats count once."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from longtail.predictions.arrow_tables import SCHEMA, from_table, to_table
from longtail.predictions.checks.repeats import find_repeats, without_repeats
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import IMAGES_PER_BLOCK, ImageSet

# Buckets of 256 images: small to hold in memory, large enough to be read in few pieces.
BLOCKS_PER_BUCKET = 8
NUMBERS_ONLY = [number for number, name in enumerate(SCHEMA.names) if name != "counts"]
REPEATS = "records that repeat another one, counted once"
IMAGES_WITH_REPEATS = "images with such records"


class Spill:
    """One Arrow file that takes detections in any order and gives them back block by block.

    Memory holds what one `add` brings, and later one bucket of 8 blocks. The file can be moved
    while it is read.

    Attributes:
        images: The images that detections may be of.
        num_rows: Rows of each block; once the spill is closed, without repeats.
        notes: How many records were repeats, and in how many images.
    """

    def __init__(self, path: Path, images: ImageSet) -> None:
        self.images = images
        self.num_rows = np.zeros(images.num_blocks, dtype=np.int64)
        self._path = path
        self._batches: dict[int, list[int]] = defaultdict(list)
        self._num_batches = 0
        # Written once and read once or twice: packing would take longer than it saves.
        self._writer = pa.ipc.new_file(path, SCHEMA)
        self._reader: pa.ipc.RecordBatchFileReader | None = None
        self.notes: Counter[str] = Counter()
        self._repetitive: set[int] = set()
        self._suspects: set[int] = set()
        self._seen = np.zeros(len(images), np.bool_)

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
        ranks = self.images.find(columns.image_id)
        blocks = ranks // IMAGES_PER_BLOCK
        self._suspect(columns, ranks)
        self.num_rows += np.bincount(blocks, minlength=len(self.num_rows))
        buckets = blocks // BLOCKS_PER_BUCKET
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
        # Without masks first: hardly any file has repeats, and masks are most of its bytes.
        numbers = pa.ipc.IpcReadOptions(included_fields=NUMBERS_ONLY)
        self._reader = pa.ipc.open_file(pa.OSFile(str(self._path)), options=numbers)
        suspects = [b for b in sorted(self._suspects) if find_repeats(self._read(b)).any()]
        self._reader = pa.ipc.open_file(pa.OSFile(str(self._path)))
        for bucket in suspects:
            self._count_repeats(bucket)

    def blocks(self) -> Iterator[DetectionColumns]:
        """All blocks in order, each by image id, then in the order of arrival."""
        for bucket in range(-(-self.images.num_blocks // BLOCKS_PER_BUCKET)):
            yield from self.blocks_of(bucket)

    def blocks_of(self, bucket: int) -> list[DetectionColumns]:
        """The blocks of one bucket; they share its memory."""
        rows = self._read(bucket)
        if bucket in self._repetitive:
            rows = without_repeats(rows)
        first = bucket * BLOCKS_PER_BUCKET
        ends = np.cumsum(self.num_rows[first : first + BLOCKS_PER_BUCKET]).tolist()
        return [rows.between(start, end) for start, end in pairwise([0, *ends])]

    def _suspect(self, columns: DetectionColumns, ranks: NDArray[np.int64]) -> None:
        """Note the buckets that may have repeats: in an image's rows, or between two runs of it."""
        runs = ranks[np.flatnonzero(np.diff(ranks, prepend=-1))]
        images, counts = np.unique(runs, return_counts=True)
        again = images[(counts > 1) | self._seen[images]]
        self._seen[images] = True
        repeated = np.concatenate([again, ranks[find_repeats(columns)]])
        buckets = repeated // IMAGES_PER_BLOCK // BLOCKS_PER_BUCKET
        self._suspects.update(buckets.tolist())

    def _count_repeats(self, bucket: int) -> None:
        rows = self._read(bucket)
        repeated = rows.image_id[find_repeats(rows)]
        if not len(repeated):
            return
        self._repetitive.add(bucket)
        self.notes[REPEATS] += len(repeated)
        self.notes[IMAGES_WITH_REPEATS] += len(np.unique(repeated))
        blocks = self.images.find(repeated) // IMAGES_PER_BLOCK
        self.num_rows -= np.bincount(blocks, minlength=len(self.num_rows))

    def _read(self, bucket: int) -> DetectionColumns:
        """The rows of a bucket by image id, then in the order of arrival."""
        assert self._reader is not None, "the spill is still written"
        batches = [self._reader.get_batch(number) for number in self._batches[bucket]]
        rows = DetectionColumns.concatenate(
            [from_table(pa.Table.from_batches([batch])) for batch in batches]
        )
        if bool((np.diff(rows.image_id) < 0).any()):
            rows = rows.take(np.argsort(rows.image_id, kind="stable"))
        return rows
