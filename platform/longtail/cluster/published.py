"""Whether MLflow's local store still holds all that a finished grid published, without MLflow.

MLflow takes seconds to import and to ask. A store in one SQLite file has changed when the file's
size or time has; one that has not since a grid brought it up to date needs nothing from that grid.
"""

import json
from pathlib import Path
from typing import Any

from longtail.cluster.ledger import write_json
from longtail.cluster.plan import Plan
from longtail.cluster.settings import GridSettings
from longtail.tracking import tracking_uri

SQLITE = "sqlite:///"


def note_published(plan: Plan, settings: GridSettings) -> None:
    """Note that MLflow has everything of a finished grid."""
    store = _store(settings.runs)
    if store is not None:
        note = _note(plan, settings)
        note.parent.mkdir(exist_ok=True)
        write_json(note, _state(plan, settings, store))


def is_published(plan: Plan, settings: GridSettings) -> bool:
    """Whether nothing happened to the store since that was noted; False on any other server."""
    store = _store(settings.runs)
    if store is None:
        return False
    try:
        noted = json.loads(_note(plan, settings).read_text())
    except (FileNotFoundError, ValueError):
        return False
    return bool(noted == _state(plan, settings, store))


def _note(plan: Plan, settings: GridSettings) -> Path:
    return settings.runs / "published" / f"{plan.id}.json"


def _store(runs: Path) -> Path | None:
    uri = tracking_uri(runs)
    path = Path(uri.removeprefix(SQLITE))
    return path if uri.startswith(SQLITE) and path.is_file() else None


def _state(plan: Plan, settings: GridSettings, store: Path) -> dict[str, Any]:
    found = store.stat()
    return {
        "store": str(store),
        "bytes": found.st_size,
        "changed": found.st_mtime_ns,
        "experiment": settings.experiment,
        "grid": settings.name,
        "rows": [row.name for row in plan.rows],
        "nodes": [node.id for node in plan.nodes()],
    }
