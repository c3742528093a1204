"""Consecutive records of a file as columns: the usual ones read fast, all others carefully."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.result_json.columns import RecordColumns
from longtail.predictions.result_json.records import Decoded, Misfit, decode_texts, decode_values
from longtail.predictions.result_json.stream import RecordBlock
from longtail.predictions.result_json.usual_records import read_usual


@dataclass(frozen=True, eq=False)
class DecodedBlock:
    """Some consecutive records of a file.

    Attributes:
        columns: The D that are detections.
        indices: (D,) int64, the index in the file of each.
        misfits: Those that are not.
        file_position: Bytes of the file read so far.
    """

    columns: RecordColumns
    indices: NDArray[np.int64]
    misfits: list[Misfit]
    file_position: int

    @classmethod
    def of(cls, decoded: Decoded, file_position: int) -> "DecodedBlock":
        """Decoded records as columns."""
        columns = RecordColumns.of(decoded.records)
        indices = np.array(decoded.indices, dtype=np.int64)
        return cls(columns, indices, decoded.misfits, file_position)

    @property
    def num_records(self) -> int:
        """Detections and others."""
        return len(self.columns) + len(self.misfits)


def decode_block(block: RecordBlock, file: str) -> DecodedBlock:
    """Decode the records of a block.

    Args:
        block: Text of some records.
        file: Name of the file, for the error text.

    Raises:
        BadInputError: The text is not JSON.
    """
    columns, is_usual = read_usual(block)
    indices = block.first + np.flatnonzero(is_usual)
    if is_usual.all():
        return DecodedBlock(columns, indices, [], block.file_position)
    others = _decode_carefully(block, np.flatnonzero(~is_usual), file)
    indices = np.concatenate([indices, others.indices])
    order = np.argsort(indices)
    in_order = columns.followed_by(others.columns).take(order)
    return DecodedBlock(in_order, indices[order], others.misfits, block.file_position)


def convert_values(values: Sequence[object], first: int, file_position: int) -> DecodedBlock:
    """Take over records that were read already, such as those of a pickle.

    Args:
        values: What should be mappings with the fields of a record.
        first: Index in the file of the first one.
        file_position: Bytes of the file read so far.
    """
    return DecodedBlock.of(decode_values(values, first), file_position)


def _decode_carefully(block: RecordBlock, rows: NDArray[np.int64], file: str) -> DecodedBlock:
    texts = [block.record(row) for row in rows.tolist()]
    decoded = decode_texts(texts, (block.first + rows).tolist(), file)
    return DecodedBlock.of(decoded, block.file_position)
