"""Evaluating a prediction set as a Ray task, and the files that keep its result."""

import json
from pathlib import Path
from typing import Any

import ray

from longtail.cluster.ledger import write_json
from longtail.cluster.plan import Row
from longtail.training.journal import JOURNAL, Journal

TASK_RETRIES = 2
VARIANT = "variant.json"
EVALUATION = "evaluation.json"
PER_CATEGORY = "per_category.csv"
PLOT = "ap_by_category.html"


def evaluate_node(row: Row, annotations: Path, predictions: Path, directory: Path) -> None:
    """Evaluate a row's store; `evaluation.json` and its companions appear in `directory`.

    Args:
        row: The row, whose evaluation node says what counts.
        annotations: The annotation file, absolute.
        predictions: The store, absolute.
        directory: The node's directory, absolute.
    """
    remote = ray.remote(num_cpus=1, max_retries=TASK_RETRIES)(_evaluate)
    max_dets = row.evaluation.config["max_dets"]
    metrics = ray.get(remote.remote(annotations, predictions, directory, max_dets))
    write_json(directory / VARIANT, row.variant.model_dump(mode="json"))
    step = sum(stage.schedule.iterations for stage in row.variant.stages)
    (directory / JOURNAL).unlink(missing_ok=True)
    journal = Journal(directory / JOURNAL)
    journal.append(step, metrics)
    journal.close()


def _evaluate(
    annotations: Path, predictions: Path, directory: Path, max_dets: int
) -> dict[str, float]:
    """Runs in a Ray task; returns the metrics that MLflow shows."""
    from longtail.evaluation.lvis import evaluate
    from longtail.evaluation.plots import write_ap_by_category

    evaluation = evaluate(annotations, predictions, max_dets)
    (directory / "plots").mkdir(exist_ok=True)
    evaluation.write_per_category(directory / PER_CATEGORY)
    write_ap_by_category(evaluation, directory / "plots" / PLOT)
    evaluation.to_json(directory / EVALUATION)
    return dict(evaluation.metrics())


def result_files(directory: Path) -> list[Path]:
    """The files that a finished evaluation consists of."""
    names = (VARIANT, JOURNAL, EVALUATION, PER_CATEGORY, f"plots/{PLOT}")
    return [directory / name for name in names]


def summary_of(directory: Path) -> dict[str, Any]:
    """What a result table shows: AP values as fractions in full precision."""
    evaluation = json.loads((directory / EVALUATION).read_text())
    keys = ("AP", "APr", "APc", "APf")
    return {
        **{key: evaluation["segm"][key] for key in keys},
        "AP_box": evaluation["box"]["AP"],
        "gap_box_mask": evaluation["gap_box_mask"],
    }
