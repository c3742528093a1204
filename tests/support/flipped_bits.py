"""Flipped bits in files that are read again, and what comes of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from longtail.problems import BadInputError

Outcome = Literal["same", "made again", "named", "unnamed", "another value", "traceback"]
NOTICED: tuple[Outcome, ...] = ("same", "made again", "named")


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        name: What it is.
        write: Writes files to a folder, with all they need; returns those that are flipped.
        read: What a command makes of them, as plain values; None for "make it again".
    """

    name: str
    write: Callable[[Path], list[Path]]
    read: Callable[[Path], Any]


def flips(kind: Kind, folder: Path, most: int, seed: int = 0) -> Iterator[tuple[str, Outcome]]:
    """Flip bits of the files of a kind, one at a time: what was flipped, and what came of it.

    Args:
        kind: The kind.
        folder: An empty folder.
        most: Bits of a file; all where it has no more.
        seed: Of the places.
    """
    random = np.random.default_rng(seed)
    files = kind.write(folder)
    before = kind.read(folder)
    assert before is not None
    for file in files:
        whole = file.read_bytes()
        bits = 8 * len(whole)
        for bit in range(bits) if bits <= most else random.choice(bits, most, replace=False):
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << (bit % 8)
            file.write_bytes(damaged)
            yield f"{file.name}, bit {bit}", _outcome(kind, folder, before)
            file.write_bytes(whole)


def _outcome(kind: Kind, folder: Path, before: Any) -> Outcome:
    try:
        found = kind.read(folder)
    except BadInputError as error:
        return "named" if str(folder) in str(error) else "unnamed"
    except Exception:
        return "traceback"
    if found is None:
        return "made again"
    return "same" if found == before else "another value"


def below(folder: Path) -> list[Path]:
    """Every file."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def plain(value: Any) -> Any:
    """Arrays as lists, dataclasses as dictionaries, so that values can be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tolist()
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain(of) for key, of in value.items()}
    return value
