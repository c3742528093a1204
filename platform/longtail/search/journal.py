"""Journals of trials: files that only grow, one sealed JSON line a record.

A crash can tear only the last line, which is then dropped.
"""

from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from longtail.problems import BadInputError
from longtail.sealed import keep_lines, seal, sealed_lines

TRIALS = "trials.jsonl"
"""The journal in the folder of a search."""

Record = TypeVar("Record")


def read_records(
    path: Path, kind: type[Record], noun: str, remedy: str, most: int | None = None
) -> list[Record]:
    """The records of a journal, which may be growing; one that is not there has none.

    Args:
        path: The journal.
        kind: What a line holds, as a type that msgspec decodes.
        noun: The same in words, such as "trial".
        remedy: What its owner can do about a line that is damaged.
        most: Lines to read, from the first; None for all.

    Raises:
        DamagedError: A line is not what was written.
        BadInputError: A line holds something else.
    """
    records: list[Record] = []
    try:
        for line in islice(sealed_lines(path, remedy), most):
            records.append(msgspec.json.decode(line, type=kind))
    except msgspec.DecodeError as error:
        raise BadInputError(
            f"{path}: line {len(records) + 1} is no {noun} ({error}); {remedy}"
        ) from None
    return records


def reopen(
    path: Path, kind: type[Record], noun: str, remedy: str, most: int | None = None
) -> list[Record]:
    """The same, for a process that goes on writing: whatever follows these records is removed."""
    records = read_records(path, kind, noun, remedy, most)
    keep_lines(path, len(records))
    return records


def append(path: Path, record: Any) -> None:
    """Append a record; it is in the file when this returns."""
    with path.open("ab") as file:
        file.write(seal(msgspec.json.encode(record)) + b"\n")
