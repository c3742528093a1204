"""Whether MLflow's local store still has all that was brought to it, without MLflow.

MLflow takes seconds to import and to ask. A store in one SQLite file has changed when the file's
size or time has; one that has not since it was brought up to date needs nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtail.sealed import DamagedError, read_sealed_json, write_sealed_json
from longtail.tracking.address import sqlite_file

PUBLISHED = "published"
"""Folder of notes in a runs folder."""


@dataclass(frozen=True)
class StoreNote:
    """A note that a store was brought up to date.

    Attributes:
        file: Where it is kept.
        uri: MLflow's tracking URI; a server is always asked.
        identity: What was brought, as JSON values; of anything else the note says nothing.
    """

    file: Path
    uri: str
    identity: Mapping[str, Any]

    def read(self) -> Any:
        """What was noted; None if there is nothing, or the store changed since."""
        state = self._state()
        if state is None:
            return None
        try:
            noted = read_sealed_json(self.file, "MLflow is brought up to date again")
        except (FileNotFoundError, DamagedError):
            return None
        return noted.get("value") if noted.get("state") == state else None

    def write(self, value: Any) -> None:
        """Note a JSON value that is not None, and how the store is now."""
        state = self._state()
        if state is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_sealed_json(self.file, {"state": state, "value": value})

    def _state(self) -> dict[str, Any] | None:
        store = _state_of(self.uri)
        return None if store is None else {**store, **self.identity}


@contextmanager
def notes_kept(runs: Path, uri: str) -> Iterator[None]:
    """Stand around what adds to a store and takes nothing away: each note of what it has, if it
    holds, holds afterwards, too. Notes in folders of their own are of something else.

    Args:
        runs: The runs folder.
        uri: MLflow's tracking URI.
    """
    before = _state_of(uri)
    holding = {} if before is None else dict(_holding(runs / PUBLISHED, before))
    yield
    after = _state_of(uri)
    if after is not None and after != before:
        for file, noted in holding.items():
            write_sealed_json(file, {**noted, "state": {**noted["state"], **after}})


def _holding(folder: Path, state: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The notes of a store as it is now."""
    for file in sorted(folder.glob("*.json")):
        try:
            noted = read_sealed_json(file, "MLflow is brought up to date again")
        except (FileNotFoundError, DamagedError):
            continue
        of = noted.get("state")
        if isinstance(of, dict) and {name: of.get(name) for name in state} == state:
            yield file, noted


def _state_of(uri: str) -> dict[str, Any] | None:
    """What tells whether a local store was written to; None of any other."""
    store = sqlite_file(uri)
    if store is None or not store.is_file():
        return None
    found = store.stat()
    return {"store": str(store), "bytes": found.st_size, "changed": found.st_mtime_ns}
