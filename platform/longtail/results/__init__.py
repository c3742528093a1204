"""Results as pandas tables, for notebooks and spreadsheets: AP in points, NaN where undefined.

- `grid`, `sweep`, `merge`: the table of each kind of folder; `table` finds out which it is.
- `points`: from the fractions of the files to columns.
- `csv`: the same as a file.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from longtail.problems import BadInputError

KINDS = ("grids", "sweeps")
AGAIN = "run its command again, which writes it"


def table(runs: Path | str, name: str | None = None) -> pd.DataFrame:
    """The result table of a grid, a sweep or a merge, as it stands on disk.

    A grid has a line for each row, indexed by its name: AP, intervals and the configuration fields
    in which rows differ. A sweep has one for each trial, indexed by its number. A merge has one for
    each source and step, indexed by both words.

    Args:
        runs: The runs folder; without `name` the folder of one grid, sweep or merge.
        name: Of the grid (`runs/grids/<name>`) or the sweep (`runs/sweeps/<name>`). Where both have
            the name, give the folder instead.

    Raises:
        ValueError: The name is both a grid's and a sweep's.
        BadInputError: There is no such result, or its file cannot be read.
    """
    folder = Path(runs) if name is None else _folder_of(Path(runs), name)
    if (folder / "merge.json").is_file():
        from longtail.results.merge import merge_table

        tree = read_tree(folder / "evaluation.json")
        if not (isinstance(tree.get("sources"), dict) and isinstance(tree.get("steps"), dict)):
            raise BadInputError(
                f"{folder / 'evaluation.json'}: not the sources and steps of a merge; {AGAIN}"
            )
        return merge_table(tree)
    tree = read_tree(folder / "table.json")
    if isinstance(tree.get("trials"), list):
        from longtail.results.sweep import sweep_table

        return sweep_table(tree)
    if isinstance(tree.get("rows"), dict):
        from longtail.results.grid import grid_table

        return grid_table(folder, tree)
    raise BadInputError(
        f"{folder / 'table.json'}: neither the rows of a grid nor the trials of a sweep; {AGAIN}"
    )


def read_tree(path: Path) -> dict[str, Any]:
    """The JSON object of a finished command's folder.

    Raises:
        BadInputError: It is not there, or damaged.
    """
    try:
        tree = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise BadInputError(
            f"{path}: no such file; give the runs folder and the name of a grid or sweep that has"
            " ended, or the folder of a merge that was evaluated"
        ) from None
    except ValueError as error:
        raise BadInputError(f"{path}: {error}; {AGAIN}") from None
    if not isinstance(tree, dict):
        raise BadInputError(f"{path}: no JSON object; {AGAIN}")
    return tree


def _folder_of(runs: Path, name: str) -> Path:
    known = sorted({path.name for kind in KINDS for path in runs.glob(f"{kind}/*/")})
    if name not in known:
        names = ", ".join(known) or "none"
        raise BadInputError(f"{runs}: no grid or sweep {name!r}; there are: {names}")
    found = [folder for kind in KINDS if (folder := runs / kind / name).is_dir()]
    if len(found) > 1:
        raise ValueError(f"{name} is a grid and a sweep; give {found[0]} or {found[1]}")
    return found[0]
