"""Files that only grow, by one sealed JSON object a line: what a killed process goes on from.

A crash can tear only the last line, which is then dropped. Any other line that is not what was
written is damage, named with its number.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from longtail.problems import BadInputError
from longtail.sealed import SEAL, DamagedError, seal, unseal

Record = TypeVar("Record")


def append_line(file: BinaryIO, document: bytes) -> None:
    """Append a JSON object as a sealed line; it is on disk when this returns.

    Args:
        file: Opened for appending, at the end of a whole line.
        document: The object, on one line.
    """
    file.write(seal(document) + b"\n")
    file.flush()
    os.fsync(file.fileno())


def read_lines(path: Path, remedy: str) -> Iterator[bytes]:
    """The JSON objects of a file of sealed lines; a last line that was cut off is left out.

    Args:
        path: The file, which may be growing; one that is not there has no lines.
        remedy: What its owner can do about a damaged line.

    Raises:
        DamagedError: A line is not what was written.
    """
    *lines, rest = path.read_bytes().split(b"\n") if path.exists() else [b""]
    for number, line in enumerate(lines, 1):
        try:
            yield unseal(line)
        except ValueError as error:
            raise DamagedError(f"{path}: line {number}: {error}; {remedy}") from None
    if SEAL.search(rest[:-1]):
        number = len(lines) + 1
        raise DamagedError(f"{path}: line {number}: damaged, it has no end; {remedy}")


def read_records(
    path: Path, kind: type[Record] | Any, noun: str, remedy: str, most: int | None = None
) -> list[Record]:
    """The lines of a file, each decoded.

    Args:
        path: As for `read_lines`.
        kind: What a line holds: a type that msgspec decodes, or several with `|`.
        noun: What a line holds, for the message, such as "trial".
        remedy: As for `read_lines`.
        most: Lines to read, from the first; None for all.

    Raises:
        DamagedError: A line is not what was written.
        BadInputError: A line holds something else.
    """
    records: list[Record] = []
    try:
        for line in islice(read_lines(path, remedy), most):
            records.append(msgspec.json.decode(line, type=kind))
    except msgspec.DecodeError as error:
        raise BadInputError(
            f"{path}: line {len(records) + 1} is no {noun} ({error}); {remedy}"
        ) from None
    return records


def keep_lines(path: Path, count: int | None = None) -> None:
    """Remove what follows the last whole line, or with `count` what follows so many."""
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")[:-1][:count]
    size = sum(len(line) + 1 for line in lines)
    if size < path.stat().st_size:
        os.truncate(path, size)
