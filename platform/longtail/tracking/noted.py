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

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Stand around what writes other things to the store: a note that holds, holds after."""
        noted = self.read()
        yield
        if noted is not None:
            self.write(noted)

    def _state(self) -> dict[str, Any] | None:
        store = sqlite_file(self.uri)
        if store is None or not store.is_file():
            return None
        found = store.stat()
        return {
            "store": str(store),
            "bytes": found.st_size,
            "changed": found.st_mtime_ns,
            **self.identity,
        }
