"""Taking finished results into a table: read, checked and evaluated before anything is trained.

It needs no cluster: what a result file holds is on this machine, and what is wrong with one is to
be said at once.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from longtail.cluster.nodes.ledger import begin, finish, node_directory, read_result, reopen
from longtail.cluster.nodes.places import note_place
from longtail.cluster.nodes.plan import DataFiles, Plan
from longtail.cluster.nodes.result_row import ResultRow
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.cluster.results.evaluation_files import result_files, summary_of
from longtail.cluster.work.evaluate import evaluate_store, write_metrics
from longtail.locks import held
from longtail.predictions.store import PredictionStore

LOCK_PATIENCE_SECONDS = 24 * 3600.0
STORE = "predictions"
Say = Callable[[str], object]


def take_results(
    plan: Plan, statuses: NodeStatuses, runs: Path, provenance: Mapping[str, Any], say: Say
) -> None:
    """Bring every finished result of a plan to its row; those that are there are left alone.

    Args:
        plan: The rows, with absolute paths.
        statuses: How the nodes stand; changed in place.
        runs: The runs folder.
        provenance: Versions and commit, kept in every `node.json`.
        say: Told what is read and evaluated.

    Raises:
        BadInputError: A result, or the annotations, cannot be used.
    """
    for row in plan.results:
        # A merge may need the detections of a row that is evaluated already.
        waiting = [node for node in row.nodes() if statuses[node.id].state is State.WAITING]
        if not waiting:
            continue
        store = _read(row, plan.data, runs, provenance, say)
        if row.evaluation in waiting:
            _evaluate(row, plan.data, store, runs, provenance, say)
        for node in waiting:
            statuses[node.id].state = State.DONE


def check_results(plan: Plan, statuses: NodeStatuses, say: Say) -> None:
    """Read and evaluate in a temporary folder what would be taken, for what is wrong with it.

    Raises:
        BadInputError: As `take_results` would.
    """
    from longtail.evaluation.lvis import evaluate

    for row in plan.results:
        if statuses[row.evaluation.id].state is State.WAITING:
            say(f"checking {row.name}")
            with TemporaryDirectory(prefix="result-") as folder:
                store = row.result.read_to(Path(folder), plan.data.val)
                of = plan.data.val, store.directory
                evaluate(*of, exhaustive=plan.data.exhaustive)


def _read(
    row: ResultRow, data: DataFiles, runs: Path, provenance: Mapping[str, Any], say: Say
) -> Path:
    """The result as a store in the directory of its node."""
    directory = node_directory(runs, row.predictions)
    with held(directory / "driver.lock", LOCK_PATIENCE_SECONDS):
        if read_result(directory) is None:
            say(f"reading {row.name}")
            reopen(directory)
            begin(directory, row.predictions, provenance)
            note_place(directory)
            store = _store_of(row, data.val, directory)
            counts = {"images": len(store.images.ids), "detections": store.num_detections}
            files = [file for file in store.directory.iterdir() if file.is_file()]
            finish(directory, files, counts)
    return directory / STORE


def _store_of(row: ResultRow, val: Path, directory: Path) -> PredictionStore:
    """Made anew: what an interrupted reading left says nothing."""
    out, work = directory / STORE, directory / ".reading"
    for left_behind in (out, work):
        shutil.rmtree(left_behind, ignore_errors=True)
    work.mkdir()
    store = row.result.read_to(work, val)
    if store.directory.is_relative_to(work):
        store.directory.rename(out)
    else:
        # A store of somebody's, which may change or go.
        shutil.copytree(store.directory, out)
    shutil.rmtree(work)
    return PredictionStore.open(out)


def _evaluate(
    row: ResultRow,
    data: DataFiles,
    store: Path,
    runs: Path,
    provenance: Mapping[str, Any],
    say: Say,
) -> None:
    directory = node_directory(runs, row.evaluation)
    with held(directory / "driver.lock", LOCK_PATIENCE_SECONDS):
        if read_result(directory) is None:
            say(f"evaluating {row.name}")
            reopen(directory)
            begin(directory, row.evaluation, provenance)
            note_place(directory)
            metrics = evaluate_store(data.val, store, directory, row.evaluation.config, 0, 1)
            write_metrics(directory, 0, metrics)
            finish(directory, result_files(directory), summary_of(directory))
