"""Decoding the records of a list; those that do not fit are named by record, field and remedy."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from longtail.annotation_file.document import AnnotationFile, Field
from longtail.problems import ProblemReport

FEDERATED = ("neg_category_ids", "not_exhaustive_category_ids")

RecordT = TypeVar("RecordT", bound=msgspec.Struct)


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


def decode_list(
    file: AnnotationFile, field: Field, record_type: type[RecordT], report: ProblemReport
) -> list[RecordT]:
    """All records of a list at once; those that do not fit the type go to the report instead.

    Raises:
        BadInputError: The list is missing, or no list.
    """
    try:
        return msgspec.json.decode(file.text(field), type=list[record_type])  # type: ignore[valid-type]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return list(decode_records(file.split(field), record_type, field, report))


def decode_records(
    records: Iterable[Raw], record_type: type[RecordT], field: Field, report: ProblemReport
) -> Iterator[RecordT]:
    """Records one by one, so that memory holds one; misfits go to the report instead."""
    decoder = msgspec.json.Decoder(record_type)
    faults = Faults()
    for position, raw in enumerate(records):
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
        remedy = "add the field to each record"
        if missing[1] in FEDERATED:
            remedy = "evaluation needs LVIS's federated lists; add the field to each image"
        return f"{field}{path}.{missing[1]}", "missing", remedy
    if path == ".segmentation.counts":
        return f"{field}{path}", what, "compress the runs with pycocotools.mask.frPyObjects"
    return f"{field}{path}", what, "correct the value"
