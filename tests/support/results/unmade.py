"""A merge of rows for plans that nothing is run of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Member:
    """A member of a merge."""

    name: str
    row: str
    seed: int | None = None


@dataclass(frozen=True)
class Unmade:
    """A merge that is not made."""

    name: str
    members: tuple[Member, ...]
    options: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def identity(self, exhaustive: bool) -> Mapping[str, Any]:
        return {**self.options, **({"exhaustive": True} if exhaustive else {})}

    def params(self) -> Mapping[str, Any]:
        return {f"merge.{key}": value for key, value in self.options.items()}

    def merge(
        self, stores: Mapping[str, Path], val: Path, directory: Path, exhaustive: bool
    ) -> tuple[Sequence[Path], Mapping[str, Any]]:
        raise AssertionError


def unmade(name: str, *rows: str, **options: Any) -> Unmade:
    """A merge of rows, each called by its name; ROW@SEED is one of its seeds."""
    words = [row.partition("@") for row in rows]
    members = (
        Member(f"{row}{at}{seed}", row, int(seed) if at else None) for row, at, seed in words
    )
    return Unmade(name, tuple(members), options)
