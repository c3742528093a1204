"""Detections as Arrow tables, the form in which files hold them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import SoftMasks

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
SOFT_MASK = "soft_mask"
SOFT_SCHEMA = SCHEMA.append(pa.field(SOFT_MASK, pa.large_binary(), nullable=False))
"""The columns of a store that keeps soft masks."""
NUMBERS: dict[str, type] = {
    "image_id": np.int64,
    "category_id": np.int64,
    "score": np.float64,
    "score_mask": np.float64,
    "height": np.int64,
    "width": np.int64,
}
"""Columns of one number a row, but for those of the box."""


def to_table(columns: DetectionColumns, schema: pa.Schema = SCHEMA) -> pa.Table:
    """Detections as an Arrow table of `SCHEMA` or `SOFT_SCHEMA`; masks are not copied."""
    x, y, width, height = np.ascontiguousarray(columns.boxes.T, dtype=np.float64)
    bytes_of_rows = [_to_binary(columns.counts, columns.counts_offsets)]
    if SOFT_MASK in schema.names:
        soft = columns.soft or SoftMasks.none(len(columns))
        bytes_of_rows.append(_to_binary(soft.cells, soft.offsets))
    scores = (columns.score, columns.score_mask)
    sizes = (columns.heights, columns.widths)
    numbers = (columns.image_id, columns.category_id, *scores, x, y, width, height, *sizes)
    return pa.table([*map(_to_numbers, numbers, schema.types), *bytes_of_rows], schema=schema)


def from_table(table: pa.Table) -> DetectionColumns:
    """Detections of an Arrow table, without masks or grids where it has no such column."""
    numbers = {name: _numbers(table, name) for name in NUMBERS}
    counts, offsets = _binary(table, "counts")
    soft = SoftMasks(*_binary(table, SOFT_MASK)) if SOFT_MASK in table.column_names else None
    return DetectionColumns(
        image_id=numbers["image_id"],
        category_id=numbers["category_id"],
        score=numbers["score"],
        score_mask=numbers["score_mask"],
        boxes=np.stack([_numbers(table, name) for name in "xywh"], axis=1),
        heights=numbers["height"],
        widths=numbers["width"],
        counts=counts,
        counts_offsets=offsets,
        soft=soft,
    )


def from_tables(tables: Sequence[pa.Table], memory: NDArray[np.uint8]) -> DetectionColumns:
    """All rows of tables without grids, one table after the other, each value copied once.

    Args:
        tables: Of `SCHEMA`.
        memory: Takes the bytes of the masks; at least as many as all tables have together.
    """
    starts = np.cumsum([0, *map(len, tables)])
    total = int(starts[-1])
    numbers: dict[str, NDArray[Any]] = {
        name: np.empty(total, dtype) for name, dtype in NUMBERS.items()
    }
    boxes, offsets = np.empty((total, 4)), np.zeros(total + 1, np.int64)
    num_bytes = 0
    for table, start, end in zip(tables, starts[:-1], starts[1:], strict=True):
        for name, column in numbers.items():
            column[start:end] = _numbers(table, name)
        for side, name in enumerate("xywh"):
            boxes[start:end, side] = _numbers(table, name)
        counts, ends = _binary(table, "counts")
        memory[num_bytes : num_bytes + len(counts)] = counts
        np.add(ends[1:], num_bytes, out=offsets[start + 1 : end + 1])
        num_bytes += len(counts)
    return DetectionColumns(
        image_id=numbers["image_id"],
        category_id=numbers["category_id"],
        score=numbers["score"],
        score_mask=numbers["score_mask"],
        boxes=boxes,
        heights=numbers["height"],
        widths=numbers["width"],
        counts=memory[:num_bytes],
        counts_offsets=offsets,
    )


def bytes_of_masks(table: pa.Table) -> int:
    """How many bytes the run-length strings of a table take."""
    return len(_binary(table, "counts")[0])


def _numbers(table: pa.Table, name: str) -> NDArray[Any]:
    # Not to_numpy(): it imports pandas.
    values: NDArray[Any] = np.from_dlpack(_in_one_piece(table[name]))
    return values


def _to_numbers(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    # Not pa.array(): it imports pandas.
    values = np.ascontiguousarray(values, np.int64 if pa.types.is_integer(kind) else np.float64)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _to_binary(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> pa.Array:
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)


def _in_one_piece(column: pa.ChunkedArray) -> pa.Array:
    """The values of a column; nothing is copied where it has one chunk, as a row group has."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _binary(table: pa.Table, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if name not in table.column_names or not len(table):
        return np.zeros(0, dtype=np.uint8), np.zeros(len(table) + 1, dtype=np.int64)
    array = _in_one_piece(table[name])
    _, offset_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)
    offsets = offsets[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8) if data_buffer else np.zeros(0, np.uint8)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]
