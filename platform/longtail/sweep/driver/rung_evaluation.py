"""Evaluating a trial on its way: the checkpoint of a rung, all validation images, no intervals.

The result is kept beside the checkpoints, under the name of the predictions that the finished stage
would have, so that it is found again by every sweep that has the trial.
"""

import logging
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import DataFiles, Row
from longtail.cluster.nodes.settings import GridSettings
from longtail.cluster.pool.tasks import Run
from longtail.cluster.work.predict import predict_node
from longtail.inference.job import PredictionJob, source_of
from longtail.locks import held
from longtail.metrics import BOX_AP, GROUP_METRICS, defined_points, mlflow_name
from longtail.sealed import DamagedError, read_sealed_json, write_sealed_json
from longtail.sweep.trial import Rung
from longtail.training.checkpoints import final_checkpoint

logger = logging.getLogger(__name__)
LOCK_PATIENCE_SECONDS = 24 * 3600.0


def intermediate_value_directory(runs: Path, row: Row) -> Path:
    """Where the evaluations of a row's last stage on its way are."""
    judged = "-exhaustive" if row.evaluation.config.get("exhaustive") else ""
    return node_directory(runs, row.stages[-1]) / "curves" / f"{row.predictions.id}{judged}"


def read_intermediate_values(runs: Path, row: Row) -> list[Rung]:
    """The evaluations on the way, by rising step."""
    return [Rung(rung["step"], rung["metrics"]) for _, rung in _kept(runs, row)]


def intermediate_value_lines(runs: Path, row: Row) -> list[dict[str, Any]]:
    """The same as a journal has it: metrics in points by the names that MLflow knows."""
    return [_line(file, rung) for file, rung in _kept(runs, row)]


def evaluate_rung(row: Row, step: int, data: DataFiles, settings: GridSettings, run: Run) -> Rung:
    """Predict and evaluate with the checkpoint of a rung, unless that was done before.

    Args:
        row: The trial's.
        step: Iterations of its last stage, of which there is a checkpoint.
        data: Absolute paths.
        settings: The runs folder and how images are read.
        run: Does a task on a worker group.

    Raises:
        TaskFailedError: The checkpoint is damaged, or workers failed too often.
    """
    directory = intermediate_value_directory(settings.runs, row)
    file = directory / f"step-{step:08d}.json"
    with held(directory / "driver.lock", LOCK_PATIENCE_SECONDS):
        if _read(file) is None:
            store = directory / f"predictions-{step:08d}"
            stage = node_directory(settings.runs, row.stages[-1])
            job = PredictionJob(
                variant=row.variant,
                stage=len(row.stages) - 1,
                checkpoint=final_checkpoint(stage, step),
                annotations=data.val,
                images=data.images,
                store=store,
                source=source_of(row.name, row.predictions.id, row.variant.inference),
                loader_processes=settings.loader_processes,
            )
            predict_node(job, run)
            metrics = run(partial(_metrics, data.val, store, row.evaluation.config))
            write_sealed_json(file, {"step": step, "metrics": metrics})
            shutil.rmtree(store)
    return next(rung for rung in read_intermediate_values(settings.runs, row) if rung.step == step)


def _kept(runs: Path, row: Row) -> list[tuple[Path, dict[str, Any]]]:
    files = sorted(intermediate_value_directory(runs, row).glob("step-*.json"))
    return [(file, rung) for file in files if (rung := _read(file)) is not None]


def _read(file: Path) -> dict[str, Any] | None:
    """A rung that was evaluated; None where there is none, or its file was damaged."""
    try:
        return read_sealed_json(file, "its rung is evaluated again")
    except FileNotFoundError:
        return None
    except DamagedError as error:
        logger.warning(str(error))
        return None


def _line(file: Path, rung: dict[str, Any]) -> dict[str, Any]:
    metrics = rung["metrics"]
    masks = {mlflow_name(name): metrics[name] for name in GROUP_METRICS}
    defined = defined_points({**masks, mlflow_name("AP", "box"): metrics[BOX_AP]})
    return {"step": rung["step"], "time": file.stat().st_mtime, **defined}


def _metrics(
    annotations: Path, predictions: Path, config: Mapping[str, Any], rank: int, world_size: int
) -> dict[str, float]:
    """Runs in every worker, of which the first does it all."""
    if rank > 0:
        return {}
    from longtail.evaluation.lvis import evaluate

    exhaustive = bool(config.get("exhaustive"))
    evaluation = evaluate(annotations, predictions, config["max_dets"], exhaustive=exhaustive)
    masks = {name: evaluation.segm[name] for name in GROUP_METRICS}
    return {**masks, BOX_AP: evaluation.box["AP"]}
