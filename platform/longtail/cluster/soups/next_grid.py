"""The grid that predicts with an average, over the files that its ingredients were evaluated on."""

import json
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from longtail.cluster.results.named_results import TABLE
from longtail.path_options import short_path, typed
from longtail.tracking.address import DEFAULT_EXPERIMENT

UNKNOWN = ("--val", "VAL.json", "--images", "IMAGES")


def grid_command(soup: str, ingredients: Collection[str], runs: Path) -> list[str]:
    """The words to type.

    Args:
        soup: Id of the average.
        ingredients: Ids of the trainings that it is of, which are rows, too: they train nothing.
        runs: The runs folder.
    """
    rows = [f"soup={soup}", *(f"of_{place}={of}" for place, of in enumerate(ingredients, 1))]
    words = ["experiments/grid.py", "--variants", ",".join(rows)]
    table = _table_of(ingredients, runs)
    words += UNKNOWN if table is None else _files(table)
    return words if runs == Path("runs").absolute() else [*words, "--runs", typed(runs)]


def _table_of(ingredients: Collection[str], runs: Path) -> Mapping[str, Any] | None:
    """The newest table of a grid that has a row of an ingredient."""
    links = runs.glob("grids/*/*/training")
    grids = {link.parents[1] for link in links if link.resolve().name in ingredients}
    tables = [grid / TABLE for grid in grids if (grid / TABLE).is_file()]
    for table in sorted(tables, key=lambda path: path.stat().st_mtime, reverse=True):
        tree: dict[str, Any] = json.loads(table.read_bytes())
        return tree
    return None


def _files(table: Mapping[str, Any]) -> list[str]:
    data, resources = table["data"], table.get("resources") or {}
    words = [f"--{file} {shlex.quote(short_path(Path(data[file])))}" for file in ("val", "images")]
    words += ["--exhaustive"] if data.get("exhaustive") else []
    usual = {"workers": 1, "cpus": 1.0, "gpus": 0.0}
    names = {"workers": "--workers", "cpus": "--cpus-per-worker", "gpus": "--gpus-per-worker"}
    for field, value in usual.items():
        if resources.get(field, value) != value:
            words.append(f"{names[field]} {resources[field]:g}")
    experiment = table.get("experiment", DEFAULT_EXPERIMENT)
    return words + ([] if experiment == DEFAULT_EXPERIMENT else [f"--experiment {experiment}"])
