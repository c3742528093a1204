"""Looking at the same grid or sweep again and again; at the first that begins, if none is there."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from dashboards.live.sight import Sight, Watcher
from dashboards.live.watched import check_runs, find_watched

Look: TypeAlias = Callable[[float], Sight]
"""From unix seconds of now to what is seen."""


def following(runs: Path, name: str | None) -> Look:
    """Looks at the grid or sweep of a name, or at the newest one.

    Raises:
        BadInputError: There is none of that name, or it is no folder of runs.
    """
    check_runs(runs)
    watched = find_watched(runs, name)
    watcher = Watcher(watched)

    def look(now: float) -> Sight:
        nonlocal watched, watcher
        if watched.kind == "nodes":
            watched = find_watched(runs, None)
            watcher = watcher if watched.kind == "nodes" else Watcher(watched)
        return watcher.look(now)

    return look
