"""Merging the prediction sets of rows, and evaluating what comes of it.

On a worker group; in the process of the command where all members are finished results.
"""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.ledger import begin, finish, node_directory, read_result, reopen
from longtail.cluster.nodes.merge_row import FITTED, OTHER_HALF, MergeRow
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.places import note_place
from longtail.cluster.nodes.plan import DataFiles, Plan
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.cluster.pool.tasks import Run
from longtail.cluster.results.evaluation_files import result_files, summary_of
from longtail.cluster.work.evaluate import evaluate_store, write_metrics
from longtail.locks import held
from longtail.metrics import GROUP_METRICS, UNDEFINED, in_points

LOCK_PATIENCE_SECONDS = 24 * 3600.0
STORE = "predictions"


def do_merge_node(node: Node, row: MergeRow, data: DataFiles, runs: Path, run: Run) -> None:
    """Bring a merge's own node to its result.

    Args:
        node: The merged predictions, or their evaluation.
        row: The merge.
        data: The annotations.
        runs: The runs folder, absolute.
        run: Does a task, here or on a worker group.
    """
    directory = node_directory(runs, node)
    if node.kind == "predictions":
        files, summary = run(partial(_merge, row, data, runs))
        finish(directory, files, summary)
    else:
        store = node_directory(runs, row.predictions) / STORE
        of = data.val, store, directory, node.config
        _finish_evaluation(row, runs, run(partial(evaluate_store, *of)))


def take_merges(
    plan: Plan,
    statuses: NodeStatuses,
    runs: Path,
    provenance: Mapping[str, Any],
    say: Callable[[str], object],
) -> None:
    """Bring the merges of finished results to their rows, in this process.

    Args:
        plan: The rows, with absolute paths; their results are there.
        statuses: How the nodes stand; changed in place.
        runs: The runs folder.
        provenance: Versions and commit, kept in every `node.json`.
        say: Told what is merged and evaluated.

    Raises:
        BadInputError: A member cannot be merged.
        ValueError: The options do not go with the members.
    """
    for row in (row for row in plan.merges if row.in_process):
        for node, words in zip(row.own_nodes(), ("merging", "evaluating"), strict=True):
            if statuses[node.id].state is not State.WAITING:
                continue
            directory = node_directory(runs, node)
            with held(directory / "driver.lock", LOCK_PATIENCE_SECONDS):
                if read_result(directory) is None:
                    say(f"{words} {row.name}")
                    reopen_merge(directory)
                    begin(directory, node, provenance)
                    note_place(directory)
                    do_merge_node(node, row, plan.data, runs, _here)
            statuses[node.id].state = State.DONE


def reopen_merge(directory: Path) -> None:
    """Set a damaged result aside; its store is made anew."""
    if reopen(directory):
        shutil.rmtree(directory / STORE, ignore_errors=True)


def _here(work: Callable[[int, int], Any]) -> Any:
    return work(0, 1)


def _merge(
    row: MergeRow, data: DataFiles, runs: Path, rank: int, world_size: int
) -> tuple[list[Path], dict[str, Any]]:
    """Runs in every worker, of which the first does it all."""
    if rank > 0:
        return [], {}
    stores = {name: node_directory(runs, of) / STORE for name, of in row.members.items()}
    directory = node_directory(runs, row.predictions)
    files, summary = row.merge.merge(stores, data.val, directory, data.exhaustive)
    return list(files), dict(summary)


def _finish_evaluation(row: MergeRow, runs: Path, metrics: Mapping[str, float]) -> None:
    """The evaluation of all of val; where score maps were fitted on a half of it, that is said, and
    AP of the other half stands beside it."""
    directory = node_directory(runs, row.evaluation)
    merged = read_result(node_directory(runs, row.predictions)) or {}
    fitted = {FITTED: merged[FITTED]} if FITTED in merged else {}
    other = fitted.get(FITTED, {}).get(OTHER_HALF, {})
    points = {
        f"{OTHER_HALF}/{name}": in_points(other[name], 2)
        for name in GROUP_METRICS
        if other.get(name, UNDEFINED) != UNDEFINED
    }
    write_metrics(directory, 0, {**metrics, **points})
    finish(directory, result_files(directory), {**summary_of(directory), **fitted})
