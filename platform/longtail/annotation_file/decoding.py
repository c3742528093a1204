"""Decoding the records of a list; those that do not fit are named by record, field and remedy."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from longtail.annotation_file.document import NO_NUMBERS, AnnotationFile, Field
from longtail.annotation_file.whole_numbers import with_whole_numbers
from longtail.problems import ProblemReport

WANTS_WHOLE_NUMBER = re.compile("Expected `int.*, got `float`")

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
        except ValueError:
            try:
                record = decode_with_care(raw, record_type)
            except ValueError as error:
                where, what, remedy = _explain(error, field, raw)
                faults.add(where, what, f"{field}[{position}]", remedy)
                continue
        yield record
    faults.report_to(report)


def decode_with_care(raw: Raw, record_type: type[RecordT]) -> RecordT:
    """A record whose whole numbers may be written with a point, 139.0.

    Raises:
        ValueError: It does not fit the type all the same; the text is msgspec's.
    """
    try:
        return msgspec.json.decode(raw, type=record_type)
    except msgspec.ValidationError as error:
        if not WANTS_WHOLE_NUMBER.match(str(error)):
            raise
    value = msgspec.json.decode(raw)
    return msgspec.convert(with_whole_numbers(value), record_type)


def _explain(error: ValueError, field: str, raw: Raw) -> tuple[str, str, str]:
    """Field, fault and remedy from msgspec's text, `Expected ... - at `$.bbox[2]``."""
    what, _, place = str(error).partition(" - at `$")
    place = place.rstrip("`")
    path = re.sub(r"\[\d+\]", "[]", place)
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", what):
        return f"{field}{path}.{missing[1]}", "missing", "add the field to each record"
    wants_number = re.match(r"Expected `(int|float)", what)
    if not wants_number:
        return f"{field}{path}", what, "correct the value"
    kind = "whole number" if wants_number[1] == "int" else "number"
    if what.endswith("got `str`"):
        if _value_at(raw, place) in NO_NUMBERS:
            remedy = f"write a {kind}, or leave the record out"
            return f"{field}{path}", f"NaN or Infinity in place of a {kind}", remedy
        remedy = f"write the {kind} without quotes"
        return f"{field}{path}", f"a text in place of a {kind}", remedy
    if what.endswith("got `null`"):
        return f"{field}{path}", f"null in place of a {kind}", f"write a {kind}"
    if what.endswith("got `float`"):
        return f"{field}{path}", "not a whole number", "write a whole number"
    return f"{field}{path}", what, "correct the value"


def _value_at(raw: Raw, place: str) -> Any:
    """The value of a record at a place such as `.bbox[2]`."""
    value = msgspec.json.decode(raw)
    for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", place):
        value = value[key] if key else value[int(index)]
    return value
