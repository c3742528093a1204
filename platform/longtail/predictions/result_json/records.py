"""One detection as result JSON writes it, and the careful decoding of many with their faults."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from longtail.problems import BadInputError

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Segmentation(msgspec.Struct, gc=False):
    """A run-length mask: `size` is height, width; `counts` is compressed, or a list of runs."""

    size: tuple[Int64, Int64]
    counts: str | list[Int64]


class Record(msgspec.Struct, gc=False, omit_defaults=True):
    """One detection; `bbox` is x, y, width, height in pixels of the original image.

    A box that is null was written as null or as an empty list.
    """

    image_id: Int64
    category_id: Int64
    score: float
    bbox: tuple[float, float, float, float] | msgspec.UnsetType | None = msgspec.UNSET
    segmentation: Segmentation | list[list[float]] | None = None


@dataclass(frozen=True)
class Misfit:
    """A record that is JSON but no detection: which one, its field and what is wrong with it."""

    index: int
    field: str
    what: str


@dataclass(frozen=True)
class Decoded:
    """Some records of a file.

    Attributes:
        records: Those that are detections.
        indices: The index in the file of each.
        misfits: Those that are not.
    """

    records: list[Record]
    indices: list[int]
    misfits: list[Misfit]


_LIST_DECODER = msgspec.json.Decoder(list[Record])
_RECORD_DECODER = msgspec.json.Decoder(Record)


def decode_texts(texts: Sequence[bytes], indices: Sequence[int], file: str) -> Decoded:
    """Decode records, one text each.

    Args:
        texts: The text of each record.
        indices: The index in the file of each.
        file: Name of the file, for the error text.

    Raises:
        BadInputError: A text is not JSON.
    """
    try:
        records = _LIST_DECODER.decode(b"[" + b",".join(texts) + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_one_by_one(texts, indices, file)
    # Nothing between the last comma and the bracket would decode to one record less.
    if len(records) < len(texts):
        return _decode_one_by_one(texts, indices, file)
    return Decoded(records, list(indices), [])


def decode_values(values: Sequence[object], first: int) -> Decoded:
    """Take over records that were read already, such as those of a pickle.

    Args:
        values: What should be mappings with the fields of a record.
        first: Index in the file of the first one.
    """
    decoded = Decoded([], [], [])
    for index, value in enumerate(values, start=first):
        try:
            decoded.records.append(msgspec.convert(_as_usual(value), Record))
            decoded.indices.append(index)
        except msgspec.ValidationError as error:
            decoded.misfits.append(Misfit(index, *_explain(str(error))))
        except UnicodeEncodeError:
            decoded.misfits.append(Misfit(index, "record", "a text in it is no Unicode"))
    return decoded


def _decode_one_by_one(texts: Sequence[bytes], indices: Sequence[int], file: str) -> Decoded:
    decoded = Decoded([], [], [])
    for index, text in zip(indices, texts, strict=True):
        try:
            decoded.records.append(_decode_record(text))
            decoded.indices.append(index)
        except msgspec.ValidationError as error:
            decoded.misfits.append(Misfit(index, *_explain(str(error))))
        except ValueError as error:
            raise BadInputError(
                f"{file}: record {index} is not valid JSON: {error}; write the file again"
            ) from None
    return decoded


def _decode_record(text: bytes) -> Record:
    try:
        return _RECORD_DECODER.decode(text)
    except msgspec.DecodeError:
        # Python's own reader also takes the NaN and Infinity that json.dumps writes.
        return msgspec.convert(_as_usual(json.loads(text)), Record)


def _as_usual(record: Any) -> Any:
    """Write 1.0 as 1 in the ids, as tools that pass through float tables need it; [] is no box."""
    if not isinstance(record, Mapping):
        return record
    ids = {key: record[key] for key in ("image_id", "category_id") if key in record}
    whole = {k: int(v) for k, v in ids.items() if isinstance(v, float) and v.is_integer()}
    no_box = {"bbox": None} if record.get("bbox") == [] else {}
    return {**record, **whole, **no_box}


def _explain(message: str) -> tuple[str, str]:
    """Field and fault of msgspec's "Expected `int`, got `str` - at `$.image_id`"."""
    what, _, path = message.partition(" - at ")
    if path.startswith("`key` in"):
        return "record", "a key in it is no text"
    # Positions and lengths would make a kind of fault of each record.
    what = re.sub(r", got \d+$", "", what)
    field = re.sub(r"\[.*?\]", "", path.strip("`$").removeprefix("."))
    return field or "record", what[:1].lower() + what[1:]
