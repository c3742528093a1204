"""Whether MLflow's local store still holds all that a finished grid published, without MLflow.

MLflow takes seconds to import and to ask. A store in one SQLite file has changed when the file's
size or time has; one that has not since a grid brought it up to date needs nothing from that grid.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.settings import GridSettings
from longtail.sealed import DamagedError, read_sealed_json, write_sealed_json
from longtail.tracking.address import sqlite_file, tracking_uri


@dataclass(frozen=True)
class Published:
    """What MLflow has of a grid or sweep.

    Attributes:
        problem: Why it lacks something; None if it has everything.
        elsewhere: Which runs are in experiments other than the one that is asked for, because
            they were made there first; None if there are none.
        asked: MLflow was asked; else nothing happened to its store since it was last.
    """

    problem: str | None = None
    elsewhere: str | None = None
    asked: bool = True


def note_published(plan: Plan, settings: GridSettings, published: Published) -> None:
    """Note that MLflow has everything of a finished grid."""
    store = _store(settings.runs)
    if store is not None and published.problem is None:
        note = _note(plan, settings)
        note.parent.mkdir(exist_ok=True)
        state = _state(plan, settings, store)
        write_sealed_json(note, {"state": state, "elsewhere": published.elsewhere})


def found_published(plan: Plan, settings: GridSettings) -> Published | None:
    """What was noted, if nothing happened to the store since; None on any other server."""
    store = _store(settings.runs)
    if store is None:
        return None
    try:
        noted = read_sealed_json(_note(plan, settings), "MLflow is brought up to date again")
    except (FileNotFoundError, DamagedError):
        return None
    same = noted["state"] == _state(plan, settings, store)
    return Published(None, noted["elsewhere"], asked=False) if same else None


@contextmanager
def still_published(plan: Plan, settings: GridSettings) -> Iterator[None]:
    """Stand around what writes to MLflow beside runs of a grid: the note that its store has all of
    them, if there was one, holds afterwards, too."""
    noted = found_published(plan, settings)
    yield
    if noted is not None:
        note_published(plan, settings, noted)


def _note(plan: Plan, settings: GridSettings) -> Path:
    return settings.runs / "published" / f"{plan.id}.json"


def _store(runs: Path) -> Path | None:
    path = sqlite_file(tracking_uri(runs))
    return path if path is not None and path.is_file() else None


def _state(plan: Plan, settings: GridSettings, store: Path) -> dict[str, Any]:
    found = store.stat()
    return {
        "store": str(store),
        "bytes": found.st_size,
        "changed": found.st_mtime_ns,
        "experiment": settings.experiment,
        "grid": settings.name,
        "rows": [row.name for row in plan.all_rows],
        "nodes": [node.id for node in plan.nodes()],
    }
