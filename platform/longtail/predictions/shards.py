"""One Parquet file of a store: a row group a block, read and written as columns."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from longtail.predictions.columns import DetectionColumns
from longtail.problems import BadInputError

SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.int64(), nullable=False),
        pa.field("category_id", pa.int64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("score_mask", pa.float64(), nullable=False),
        pa.field("x", pa.float64(), nullable=False),
        pa.field("y", pa.float64(), nullable=False),
        pa.field("w", pa.float64(), nullable=False),
        pa.field("h", pa.float64(), nullable=False),
        pa.field("height", pa.int64(), nullable=False),
        pa.field("width", pa.int64(), nullable=False),
        pa.field("counts", pa.large_binary(), nullable=False),
    ]
)
REPEATING_COLUMNS = ["image_id", "category_id", "height", "width"]
COMPRESSION_LEVEL = 1


def to_table(columns: DetectionColumns) -> pa.Table:
    """Detections as an Arrow table of `SCHEMA`; masks are not copied."""
    x, y, width, height = np.ascontiguousarray(columns.boxes.T, dtype=np.float64)
    counts = pa.Array.from_buffers(
        pa.large_binary(),
        len(columns),
        [None, pa.py_buffer(columns.counts_offsets), pa.py_buffer(columns.counts)],
    )
    scores = (columns.score, columns.score_mask)
    sizes = (columns.heights, columns.widths)
    numbers = (columns.image_id, columns.category_id, *scores, x, y, width, height, *sizes)
    return pa.table([*map(pa.array, numbers), counts], schema=SCHEMA)


def from_table(table: pa.Table) -> DetectionColumns:
    """Detections of an Arrow table of `SCHEMA`, without masks where it has no `counts`."""
    # Not to_numpy(): it imports pandas.
    numbers: dict[str, NDArray[Any]] = {
        name: np.from_dlpack(_in_one_piece(table[name]))
        for name in SCHEMA.names
        if name != "counts"
    }
    counts, offsets = _binary(table)
    return DetectionColumns(
        image_id=numbers["image_id"],
        category_id=numbers["category_id"],
        score=numbers["score"],
        score_mask=numbers["score_mask"],
        boxes=np.stack([numbers[name] for name in "xywh"], axis=1),
        heights=numbers["height"],
        widths=numbers["width"],
        counts=counts,
        counts_offsets=offsets,
    )


@contextmanager
def new_shard_file(path: Path) -> Iterator[Callable[[DetectionColumns], None]]:
    """Yield a function that writes a block as a row group, an empty one too.

    The file has a temporary name until the `with` block ends well.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with pq.ParquetWriter(
            partial,
            SCHEMA,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=REPEATING_COLUMNS,
            write_page_checksum=True,
        ) as writer:
            yield lambda block: writer.write_table(
                to_table(block), row_group_size=max(len(block), 1)
            )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class ShardReader:
    """An open shard; every way it can be damaged is a `BadInputError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None
        if not self._file.schema_arrow.equals(SCHEMA):
            raise self._damaged("its columns are not those of a prediction store")

    @property
    def rows(self) -> list[int]:
        """Rows of each row group."""
        metadata = self._file.metadata
        return [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]

    def read(self, group: int, with_masks: bool) -> DetectionColumns:
        """The rows of one row group."""
        names = SCHEMA.names if with_masks else SCHEMA.names[:-1]
        try:
            table = self._file.read_row_group(group, columns=names, use_threads=False)
            return from_table(table)
        except (pa.ArrowException, OSError, IndexError) as error:
            raise self._damaged(error) from None

    def _damaged(self, why: object) -> BadInputError:
        return BadInputError(
            f"{self.path} is damaged ({why}); copy the store again or make it again"
        )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in_one_piece(column: pa.ChunkedArray) -> pa.Array:
    """The values of a column; nothing is copied where it has one chunk, as a row group has."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _binary(table: pa.Table) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if "counts" not in table.column_names or not len(table):
        return np.zeros(0, dtype=np.uint8), np.zeros(len(table) + 1, dtype=np.int64)
    array = _in_one_piece(table["counts"])
    _, offset_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)
    offsets = offsets[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8) if data_buffer else np.zeros(0, np.uint8)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]
