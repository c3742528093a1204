"""One detection as result JSON writes it, and the decoding of many with their faults."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from longtail.predictions.json_stream import RecordBlock
from longtail.problems import BadInputError

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Segmentation(msgspec.Struct, gc=False):
    """A run-length mask: `size` is height, width; `counts` is compressed, or a list of runs."""

    size: tuple[Int64, Int64]
    counts: str | list[Int64]


class Record(msgspec.Struct, gc=False, omit_defaults=True):
    """One detection; `bbox` is x, y, width, height in pixels of the original image."""

    image_id: Int64
    category_id: Int64
    score: float
    bbox: tuple[float, float, float, float] | None = None
    segmentation: Segmentation | list[list[float]] | None = None


@dataclass(frozen=True)
class Misfit:
    """A record that is JSON but no detection: which one, its field and what is wrong with it."""

    index: int
    field: str
    what: str


_BLOCK_DECODER = msgspec.json.Decoder(list[Record])
_RECORD_DECODER = msgspec.json.Decoder(Record)


def decode_block(block: RecordBlock, file: str) -> tuple[list[Record], list[int], list[Misfit]]:
    """Decode the records of a block.

    Args:
        block: Text of some records.
        file: Name of the file, for the error text.

    Returns:
        The records, the index in the file of each, and those that are JSON but no detection.

    Raises:
        BadInputError: The text is not JSON.
    """
    try:
        records = _BLOCK_DECODER.decode(b"[" + block.text + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_one_by_one(block, file)
    # Nothing between the last comma and the bracket would decode to one record less.
    if len(records) < len(block.ends):
        return _decode_one_by_one(block, file)
    return records, list(range(block.first, block.first + len(records))), []


def _decode_one_by_one(
    block: RecordBlock, file: str
) -> tuple[list[Record], list[int], list[Misfit]]:
    records, indices, misfits = [], [], []
    for index, text in enumerate(block.records(), start=block.first):
        try:
            records.append(_decode_record(text))
            indices.append(index)
        except msgspec.ValidationError as error:
            misfits.append(Misfit(index, *_explain(str(error))))
        except ValueError as error:
            raise BadInputError(
                f"{file}: record {index} is not valid JSON: {error}; write the file again"
            ) from None
    return records, indices, misfits


def _decode_record(text: bytes) -> Record:
    try:
        return _RECORD_DECODER.decode(text)
    except msgspec.DecodeError:
        # Python's own reader also takes the NaN and Infinity that json.dumps writes.
        return msgspec.convert(_with_integral_ids(json.loads(text)), Record)


def _with_integral_ids(record: Any) -> Any:
    """Write 1.0 as 1 in the ids, as tools that pass through float tables need it."""
    if not isinstance(record, Mapping):
        return record
    ids = {key: record[key] for key in ("image_id", "category_id") if key in record}
    whole = {k: int(v) for k, v in ids.items() if isinstance(v, float) and v.is_integer()}
    return {**record, **whole}


def _explain(message: str) -> tuple[str, str]:
    """Field and fault of msgspec's "Expected `int`, got `str` - at `$.image_id`"."""
    what, _, path = message.partition(" - at ")
    # Positions and lengths would make a kind of fault of each record.
    what = re.sub(r", got \d+$", "", what)
    field = re.sub(r"\[.*?\]", "", path.strip("`$").removeprefix("."))
    return field or "record", what[:1].lower() + what[1:]
