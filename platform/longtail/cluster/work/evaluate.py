"""Evaluating a prediction set on a worker group."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from longtail.cluster.nodes.plan import Row
from longtail.cluster.pool.tasks import Run
from longtail.cluster.results.evaluation_files import (
    DIAGNOSIS,
    EVALUATION,
    PER_CATEGORY,
    PLOT,
    VARIANT,
)
from longtail.files import write_json
from longtail.metrics import UNDEFINED, in_points, mlflow_name
from longtail.training.journal import JOURNAL, Journal

if TYPE_CHECKING:
    from longtail.evaluation.matching.overlaps import Kind
    from longtail.evaluation.report import Evaluation

BOUNDED_METRICS = ("AP", "APr")
"""Metrics whose intervals MLflow shows too."""


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
    config = row.evaluation.config
    files = annotations, predictions, directory
    metrics = run(partial(_evaluate, *files, config["max_dets"], config["resamples"]))
    write_json(directory / VARIANT, row.variant.model_dump(mode="json"), end="")
    step = sum(stage.schedule.iterations for stage in row.variant.stages)
    (directory / JOURNAL).unlink(missing_ok=True)
    journal = Journal(directory / JOURNAL)
    journal.append(step, metrics)
    journal.close()


def _evaluate(
    annotations: Path,
    predictions: Path,
    directory: Path,
    max_dets: int,
    resamples: int,
    rank: int,
    world_size: int,
) -> dict[str, float]:
    """Runs in every worker, of which the first does it all: the metrics that MLflow shows."""
    if rank > 0:
        return {}
    from longtail.evaluation.lvis import evaluate
    from longtail.evaluation.plots import write_ap_by_category

    keep_matches = directory if resamples else None
    evaluation = evaluate(
        annotations, predictions, max_dets, resamples=resamples, keep_matches=keep_matches
    )
    assert evaluation.identity_holds, evaluation.identity_error
    (directory / "plots").mkdir(exist_ok=True)
    evaluation.write_per_category(directory / PER_CATEGORY)
    write_ap_by_category(evaluation, directory / "plots" / PLOT)
    _write_diagnosis(evaluation, annotations, predictions, directory / DIAGNOSIS, max_dets)
    evaluation.to_json(directory / EVALUATION)
    return evaluation.metrics() | _bounds(evaluation)


def _write_diagnosis(
    evaluation: "Evaluation", annotations: Path, predictions: Path, path: Path, max_dets: int
) -> None:
    from longtail.evaluation.diagnosis.diagnosis import diagnose
    from longtail.evaluation.diagnosis.tables import as_json
    from longtail.files import write_text

    kind: Kind = "box" if evaluation.segm["AP"] == UNDEFINED else "segm"
    write_text(path, as_json(diagnose(annotations, predictions, kind, max_dets=max_dets)))


def _bounds(evaluation: "Evaluation") -> dict[str, float]:
    """Ends of the intervals of mask AP in points, by the names that MLflow knows."""
    if "segm" not in evaluation.intervals:
        return {}
    intervals = evaluation.intervals["segm"].metrics
    bounds = {}
    for name in BOUNDED_METRICS:
        if intervals[name].standard_error != UNDEFINED:
            bounds[mlflow_name(f"{name}_low")] = in_points(intervals[name].low)
            bounds[mlflow_name(f"{name}_high")] = in_points(intervals[name].high)
    return bounds
