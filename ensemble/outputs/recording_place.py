"""Where a merge or a search is recorded in MLflow: beside the rows of the grid that it merges.

A source is a row of a grid where it is named by the grid's link, `runs/grids/<name>/<row>/...`; the
grid's `table.json` says in which experiment its rows are.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ensemble.sources.spec import SourceSpec

TABLE = "table.json"


@dataclass(frozen=True)
class RecordingPlace:
    """An experiment, and the store that it is in.

    Attributes:
        experiment: Its name.
        runs: The runs folder, which has MLflow's store unless a server is set.
    """

    experiment: str
    runs: Path


def recording_place(
    specs: Iterable[SourceSpec], experiment: str | None, say: Callable[[str], object]
) -> RecordingPlace | None:
    """Where to record what is made of some sources; None for nowhere.

    Args:
        specs: The sources.
        experiment: As asked for; None takes that of the grid whose rows are among the sources.
        say: Told if there are several such.
    """
    grids = dict.fromkeys(place for spec in specs if (place := grid_of(spec.path)) is not None)
    folders = {place.runs for place in grids}
    if experiment is not None:
        return RecordingPlace(experiment, folders.pop() if len(folders) == 1 else runs_folder())
    if len(grids) > 1:
        names = ", ".join(f"{place.experiment} of {place.runs}" for place in grids)
        say(
            f"warning: the sources are rows of grids in several MLflow experiments ({names}); to"
            " record this beside one of them, name it with --experiment"
        )
        return None
    return next(iter(grids), None)


def grid_of(path: Path) -> RecordingPlace | None:
    """Where the grid's rows are, if a path is that of a row's predictions.

    Args:
        path: Absolute; links are not followed, since a node may be in several grids.
    """
    grid = path.parent.parent
    if grid.parent.name != "grids":
        return None
    try:
        experiment = json.loads((grid / TABLE).read_bytes()).get("experiment")
    except (OSError, ValueError, AttributeError):
        return None
    return RecordingPlace(experiment, grid.parent.parent) if isinstance(experiment, str) else None


def runs_folder() -> Path:
    """Where MLflow's records are, if no server is set and no grid says otherwise."""
    return Path(os.environ.get("LONGTAIL_RUNS", "runs"))
