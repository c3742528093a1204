"""Which reader a path belongs to."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from dashboards.sources.evaluated import evaluated_row
from dashboards.sources.files import tree_if_there
from dashboards.sources.found import Found
from dashboards.sources.grid import is_grid, read_grid
from dashboards.sources.merge import is_merge, read_merge
from dashboards.sources.sweep import is_sweep, read_sweep
from dashboards.sources.tuning import is_tuning, read_tuning
from longtail.evaluation.recording.names import EVALUATION
from longtail.problems import BadInputError

Reader: TypeAlias = tuple[Callable[[Path], bool], Callable[[Path], Found]]
EXPECTED = (
    "give the folder of a grid (runs/grids/NAME), of a sweep (runs/sweeps/NAME), of a merge or a"
    " search (--out of ensemble.merge and ensemble.tune), or of an evaluation"
)


def open_source(path: Path) -> Found:
    """Read what a command left in a folder.

    Raises:
        BadInputError: It is none of the known folders, or what it holds cannot be read.
    """
    if not path.is_dir():
        told = "a file" if path.exists() else "no such folder"
        raise BadInputError(f"{path}: {told}; {EXPECTED}; result files go by --pred and --ann")
    for fits, read in READERS:
        if fits(path):
            return read(path)
    if inside := sorted([*path.glob("grids/*"), *path.glob("sweeps/*")]):
        held = ", ".join(str(folder) for folder in inside[:5])
        raise BadInputError(f"{path}: a runs folder; give what is in it: {held}")
    raise BadInputError(f"{path}: holds no results; {EXPECTED}")


def _is_evaluation(folder: Path) -> bool:
    return "per_category" in tree_if_there(folder / EVALUATION)


def _read_evaluation(folder: Path) -> Found:
    row = evaluated_row(folder.name, "result", folder)
    return Found(folder.name, "results", folder, rows=(row,))


READERS: tuple[Reader, ...] = (
    (is_grid, read_grid),
    (is_sweep, read_sweep),
    (is_tuning, read_tuning),
    (is_merge, read_merge),
    (_is_evaluation, _read_evaluation),
)
"""Which folder a reader takes, and the reader; a new kind is a file here and a line."""
