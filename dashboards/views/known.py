"""Links that were written to an SQLite store which nothing has changed since."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dashboards.views.links import Link
from longtail.sealed import DamagedError, read_sealed_json, write_sealed_json
from longtail.tracking.address import sqlite_file


def known_links(runs: Path, uri: str, experiment: str) -> list[Link] | None:
    """The links; None where MLflow has to be asked, as on any server."""
    state = _state(uri, experiment)
    if state is None:
        return None
    try:
        noted = read_sealed_json(_note(runs, experiment), "it is written again")
    except (FileNotFoundError, DamagedError):
        return None
    same = noted.get("state") == state
    return [Link(name, place) for name, place in noted["links"]] if same else None


def note_links(runs: Path, uri: str, experiment: str, links: Sequence[Link]) -> None:
    """Keep the links, and how the store is now."""
    state = _state(uri, experiment)
    if state is not None:
        note = _note(runs, experiment)
        note.parent.mkdir(exist_ok=True)
        pairs = [[link.name, link.place] for link in links]
        write_sealed_json(note, {"state": state, "links": pairs})


def _note(runs: Path, experiment: str) -> Path:
    digest = hashlib.sha256(experiment.encode()).hexdigest()[:12]
    return runs / "published" / f"views-{digest}.json"


def _state(uri: str, experiment: str) -> dict[str, Any] | None:
    store = sqlite_file(uri)
    if store is None or not store.is_file():
        return None
    found = store.stat()
    return {
        "store": str(store),
        "bytes": found.st_size,
        "changed": found.st_mtime_ns,
        "experiment": experiment,
    }
