"""Evaluating a prediction set: of a row on a worker group, of a finished result anywhere."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.plan import Row
from longtail.cluster.pool.placed import placed
from longtail.cluster.pool.tasks import Run
from longtail.cluster.results.evaluation_files import VARIANT
from longtail.files import write_json
from longtail.training.journal import JOURNAL, Journal


def evaluate_node(
    row: Row, annotations: Path, predictions: Path, directory: Path, run: Run
) -> None:
    """Evaluate a row's store; `evaluation.json` and its companions appear in `directory`.

    Args:
        row: The row, whose evaluation node says what counts.
        annotations: The annotation file, absolute.
        predictions: The store, absolute.
        directory: The node's directory, absolute.
        run: Does a task on a worker group.
    """
    files = annotations, predictions, directory
    metrics = run(placed([directory], partial(evaluate_store, *files, row.evaluation.config)))
    write_json(directory / VARIANT, row.variant.model_dump(mode="json"), end="")
    write_metrics(
        directory, sum(stage.schedule.iterations for stage in row.variant.stages), metrics
    )


def write_metrics(directory: Path, step: int, metrics: Mapping[str, float]) -> None:
    """Write the journal of an evaluation, which MLflow shows.

    Args:
        directory: The node's directory.
        step: Iterations that its predictions were trained for; 0 where that is not known.
        metrics: In points, by MLflow's names.
    """
    (directory / JOURNAL).unlink(missing_ok=True)
    journal = Journal(directory / JOURNAL)
    journal.append(step, metrics)
    journal.close()


def evaluate_store(
    annotations: Path,
    predictions: Path,
    directory: Path,
    config: Mapping[str, Any],
    rank: int,
    world_size: int,
) -> dict[str, float]:
    """Runs in every worker, of which the first does it all: the metrics that MLflow shows.

    Args:
        annotations: The annotation file, absolute.
        predictions: The store, absolute.
        directory: Takes the files.
        config: Of the evaluation's node.
        rank: Of the worker.
        world_size: Of its group.
    """
    if rank > 0:
        return {}
    from longtail.evaluation.lvis import evaluate
    from longtail.evaluation.recording.files import write_evaluation_files
    from longtail.evaluation.recording.metrics import interval_points

    max_dets, resamples = config["max_dets"], config["resamples"]
    exhaustive = bool(config.get("exhaustive"))
    evaluation = evaluate(
        annotations,
        predictions,
        max_dets,
        resamples=resamples,
        keep_matches=directory if resamples else None,
        exhaustive=exhaustive,
    )
    assert evaluation.identity_holds, evaluation.identity_error
    files = annotations, predictions, directory
    write_evaluation_files(evaluation, *files, max_dets, exhaustive=exhaustive)
    intervals = {kind: asdict(of) for kind, of in evaluation.intervals.items()}
    return evaluation.metrics() | interval_points(intervals)
