"""The records of an LVIS annotation file: their types, and reading them one at a time.

The file is mapped and its three lists are cut into records without decoding them, so that memory
holds one decoded record at a time, whatever the file's size.
"""

import mmap
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Raw
from rich.markup import escape

from longtail.problems import BadInputError, ProblemReport
from longtail.progress import tracked_records

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
# JPEG's own limit; it keeps a wrong size from asking for terabytes of mask.
PixelCount = Annotated[int, Meta(ge=1, le=65_535)]

FORMAT_REMEDY = "an LVIS file is one JSON object with images, annotations and categories"


class ImageRecord(msgspec.Struct, gc=False):
    """One of `images`; fields that are not used here are passed over."""

    id: Id
    height: PixelCount
    width: PixelCount
    file_name: str = ""
    coco_url: str = ""
    neg_category_ids: list[Id] | None = None
    not_exhaustive_category_ids: list[Id] | None = None


class RleRecord(msgspec.Struct, gc=False):
    """A run-length mask: [height, width] and COCO's compressed counts."""

    size: tuple[int, int]
    counts: str


class AnnotationRecord(msgspec.Struct, gc=False):
    """One of `annotations`; `bbox` is xywh. `iscrowd` is passed over, as lvis-api does."""

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[float, float, float, float]
    area: float
    segmentation: list[list[float]] | RleRecord | None = None


class LvisFile(msgspec.Struct):
    """The three lists, not decoded yet; `annotations` is empty text in a test file."""

    images: Raw
    categories: Raw
    annotations: Raw = Raw()

    @property
    def has_annotations(self) -> bool:
        """Whether the key is there; a list without a record counts."""
        return memoryview(self.annotations).nbytes > 0


class Fault(NamedTuple):
    """A kind of fault: field, what is wrong with it, and the remedy."""

    field: str
    what: str
    remedy: str


class Faults:
    """Collects the offenders of each kind of fault while records are read."""

    def __init__(self) -> None:
        self._offenders: dict[Fault, list[str]] = defaultdict(list)

    def add(self, field: str, what: str, offender: str, remedy: str) -> None:
        """Note one offender."""
        self._offenders[Fault(field, what, remedy)].append(offender)

    def report_to(self, report: ProblemReport) -> None:
        """Add every kind of fault to a report as an error."""
        for fault, offenders in self._offenders.items():
            report.error(fault.field, fault.what, offenders, fault.remedy)


def open_lvis_file(path: Path) -> LvisFile:
    """Map an annotation file and cut it into its lists.

    Raises:
        BadInputError: It is empty, no JSON, or not an object with the lists.
    """
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise BadInputError(f"{path}: the file is empty; fetch or write it again")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return msgspec.json.decode(content, type=LvisFile)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{path}: {error}; {FORMAT_REMEDY}") from None
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: {_locate(content, str(error))}") from None
    except RecursionError:
        raise BadInputError(f"{path}: lists nested too deeply; {FORMAT_REMEDY}") from None


def split_records(records: Raw, field: str, path: Path) -> list[Raw]:
    """Cut a list into its records.

    Raises:
        BadInputError: It is no list.
    """
    try:
        return msgspec.json.decode(records, type=list[Raw])
    except msgspec.ValidationError as error:
        raise BadInputError(f"{path}: {field}: {error}; {FORMAT_REMEDY}") from None


RecordT = TypeVar("RecordT", ImageRecord, AnnotationRecord)


def decode_records(
    records: Sequence[Raw], record_type: type[RecordT], field: str, report: ProblemReport
) -> Iterator[RecordT]:
    """Decode records one by one; those that do not fit the type go to the report instead."""
    decoder = msgspec.json.Decoder(record_type)
    faults = Faults()
    shown = tracked_records(records, f"reading {field} of {escape(report.file)}")
    for position, raw in enumerate(shown):
        try:
            record = decoder.decode(raw)
        except ValueError as error:
            where, what, remedy = _explain(error, field)
            faults.add(where, what, f"{field}[{position}]", remedy)
        else:
            yield record
    faults.report_to(report)


def _explain(error: ValueError, field: str) -> tuple[str, str, str]:
    """Field, fault and remedy from msgspec's text, `Expected ... - at `$.bbox[2]``."""
    what, _, place = str(error).partition(" - at `$")
    path = re.sub(r"\[\d+\]", "[]", place.rstrip("`"))
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", what):
        return f"{field}{path}.{missing[1]}", "missing", "add the field to each record"
    if path == ".segmentation.counts":
        return f"{field}{path}", what, "compress the runs with pycocotools.mask.frPyObjects"
    return f"{field}{path}", what, "correct the value"


def _locate(content: mmap.mmap, error: str) -> str:
    """The fault of a JSON text with its line and what stands there."""
    byte = re.search(r"\(byte (\d+)\)", error)
    if byte is None:
        return f"not JSON: {error}; the file is cut off, fetch or write it again"
    position = int(byte[1])
    line = content[:position].count(b"\n") + 1
    excerpt = content[max(position - 20, 0) : position + 20].decode(errors="replace")
    if re.match(rb"-?(NaN|Infinity)", content[position : position + 9]):
        return f"line {line}, near {excerpt!r}: NaN and Infinity are no JSON; write a number"
    return f"not JSON: {error}, line {line}, near {excerpt!r}; write the file again"
