"""Names for people: links from a grid's rows to their nodes, and its table with seeds."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.plan import Plan, Row, TableRow
from longtail.cluster.nodes.settings import WorkerResources
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.cluster.results.evaluation_files import intervals_of
from longtail.evaluation.uncertainty.seeds import (
    SeedStatistic,
    SeedSummary,
    aggregate_seeds,
    seed_difference,
)
from longtail.files import replacing, write_json

if TYPE_CHECKING:
    from longtail.cluster.results.differences import RowDifference

__all__ = ["SeedStatistic", "SeedSummary", "over_seeds", "seed_difference"]

TABLE = "table.json"
EMPTY: Mapping[str, Mapping[str, str | float]] = MappingProxyType({})


def over_seeds(plan: Plan, statuses: NodeStatuses, runs: Path) -> dict[str, SeedSummary]:
    """Statistics of the finished runs of each variant or merge that has more than one, by name."""
    results: dict[str, list[dict[str, float]]] = {}
    rows: list[TableRow] = [*plan.rows, *plan.merges]
    for row in rows:
        summary = read_result(node_directory(runs, row.evaluation))
        if statuses[row.evaluation.id].state is State.DONE and summary is not None:
            results.setdefault(row.variant_name, []).append(summary)
    return {name: aggregate_seeds(of) for name, of in results.items() if len(of) > 1}


def grid_directory(runs: Path, name: str) -> Path:
    """Where a grid's links and table are: `grids/<name>` in the runs folder."""
    return runs / "grids" / file_name(name)


def row_directory(grid: Path, row: TableRow) -> Path:
    """Where a row's links are: `predictions`, `evaluation`, and `training` (last stage) of a
    variant."""
    return grid / file_name(row.name)


def write_links(
    plan: Plan,
    statuses: NodeStatuses,
    runs: Path,
    name: str,
    experiment: str,
    differences: Sequence["RowDifference"] = (),
    reported: Mapping[str, Mapping[str, str | float]] = EMPTY,
    resources: WorkerResources | None = None,
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Link every finished node under its row's name and write `table.json`; return the folder.

    The table names the MLflow experiment, where merges of the rows are recorded too, and what nodes
    occupied in this run of the grid, by which their time becomes GPU-hours. A grid of
    the same name with other settings takes the names over; nodes themselves stay.

    Args:
        plan: The rows.
        statuses: How their nodes stand.
        runs: The runs folder.
        name: Of the grid.
        experiment: MLflow's.
        differences: Of rows to a baseline.
        reported: What others claim for variants, by name: `source` and fractions by metric.
        resources: What a node occupies.
        left_out: Rows that were not run, and what each of them needs.
    """
    grid = grid_directory(runs, name)
    rows = {}
    for row in plan.all_rows:
        folder = row_directory(grid, row)
        folder.mkdir(parents=True, exist_ok=True)
        targets = {
            "predictions": node_directory(runs, row.predictions) / "predictions",
            "evaluation": node_directory(runs, row.evaluation),
        }
        if isinstance(row, Row):
            targets["training"] = node_directory(runs, row.stages[-1])
        else:
            # A row of this name may have been a variant before.
            (folder / "training").unlink(missing_ok=True)
        for link, target in targets.items():
            _link(folder / link, target)
        done = statuses[row.evaluation.id].state is State.DONE
        rows[row.name] = read_result(node_directory(runs, row.evaluation)) if done else None
    seeds = {name: asdict(of)["metrics"] for name, of in over_seeds(plan, statuses, runs).items()}
    data = {"val": str(plan.data.val), "images": str(plan.data.images)}
    table = {
        "grid": plan.id,
        "experiment": experiment,
        "data": {**data, "exhaustive": plan.data.exhaustive},
        "resources": None if resources is None else asdict(resources),
        "rows": rows,
        "intervals": intervals_of_rows(plan, statuses, runs),
        "differences": [difference.as_dict() for difference in differences],
        "seeds": seeds,
        "reported": {variant: dict(of) for variant, of in reported.items()},
        "left_out": dict(left_out),
    }
    write_json(grid / TABLE, table, end="", allow_nan=True)
    return grid


def intervals_of_rows(plan: Plan, statuses: NodeStatuses, runs: Path) -> dict[str, Any]:
    """Intervals by row name, then `segm` and `box`, of the finished rows that have some."""
    done = [row for row in plan.all_rows if statuses[row.evaluation.id].state is State.DONE]
    found = {row.name: intervals_of(node_directory(runs, row.evaluation)) for row in done}
    return {name: intervals for name, intervals in found.items() if intervals}


def _link(link: Path, target: Path) -> None:
    if not target.exists():
        return
    with replacing(link) as temporary:
        temporary.symlink_to(os.path.relpath(target, link.parent))


def file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)
