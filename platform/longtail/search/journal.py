"""Journals of trials: one sealed JSON line a record, read and written by `longtail.journal`."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from longtail.journal import append_line, keep_lines, read_records

TRIALS = "trials.jsonl"
"""The journal in the folder of a search."""

Record = TypeVar("Record")


def reopen(
    path: Path, kind: type[Record], noun: str, remedy: str, most: int | None = None
) -> list[Record]:
    """The records of a journal, for a process that goes on writing: what follows them is removed.

    Args:
        path: The journal; one that is not there has no records.
        kind: What a line holds, as a type that msgspec decodes.
        noun: The same in words, such as "trial".
        remedy: What its owner can do about a line that is damaged.
        most: Lines to read, from the first; None for all.

    Raises:
        DamagedError: A line is not what was written.
        BadInputError: A line holds something else.
    """
    records: list[Record] = read_records(path, kind, noun, remedy, most)
    keep_lines(path, len(records))
    return records


def append(path: Path, record: Any) -> None:
    """Append a record; it is on disk when this returns."""
    with path.open("ab") as file:
        append_line(file, msgspec.json.encode(record))
