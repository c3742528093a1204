"""Which grid or sweep of a runs folder is watched."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from longtail.cluster.nodes.plan_file import PLAN
from longtail.cluster.results.named_results import TABLE
from longtail.path_options import typed
from longtail.problems import BadInputError
from longtail.search.journal import TRIALS

NODES = "nodes"
KINDS: dict[str, Literal["grid", "sweep"]] = {"grids": "grid", "sweeps": "sweep"}
SIGNS = (PLAN, TRIALS, TABLE)
"""Files by whose age the newest one is found."""
MADE_FIRST = (*KINDS, NODES, "mlflow.db", "mlflow.db.lock")
"""One of these is in every runs folder in which a command began."""


@dataclass(frozen=True)
class Watched:
    """Attributes:
    kind: "grid", "sweep", or "nodes" where neither is there yet.
    name: Of its folder.
    folder: Of it; of the runs for "nodes".
    runs: The runs folder.
    """

    kind: Literal["grid", "sweep", "nodes"]
    name: str
    folder: Path
    runs: Path


def check_runs(runs: Path) -> None:
    """See that a folder is one of runs, or an empty one, in which a command is yet to begin.

    Raises:
        BadInputError: It holds something else.
    """
    names = {path.name for path in runs.iterdir()}
    if not names or names.intersection(MADE_FIRST):
        return
    if runs.parent.name in KINDS and names.intersection(SIGNS):
        above = typed(runs.parent.parent)
        raise BadInputError(
            f"{runs}: of one {KINDS[runs.parent.name]}; watch it by {above} --grid {runs.name}"
        )
    raise BadInputError(
        f"{runs}: no runs folder, since it has neither grids, sweeps nor nodes; give the one that"
        " the command has as --runs"
    )


def find_watched(runs: Path, name: str | None) -> Watched:
    """The grid or sweep of a name, or the newest one, or all nodes of the runs folder.

    Raises:
        BadInputError: There is none of that name.
    """
    found = [
        (_age(folder), Watched(kind, folder.name, folder, runs))
        for above, kind in KINDS.items()
        for folder in _folders(runs / above)
    ]
    found = [(age, item) for age, item in found if name in (None, item.name)]
    if found:
        return max(found, key=lambda pair: pair[0])[1]
    if name is not None:
        names = [folder.name for above in KINDS for folder in _folders(runs / above)]
        there = ", ".join(sorted(names)) or "none yet"
        raise BadInputError(
            f"--grid {name}: no grid or sweep of that name in {runs}; there are: {there}"
        )
    return Watched("nodes", runs.name, runs, runs)


def _folders(above: Path) -> list[Path]:
    try:
        return [folder for folder in above.iterdir() if folder.is_dir()]
    except OSError:
        return []


def _age(folder: Path) -> float:
    """When something was last written there; unix seconds."""
    times = [0.0]
    for name in SIGNS:
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times)
