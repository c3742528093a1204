"""What the work of each kind of node is, and which files its result vouches for."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, assert_never

from longtail.cluster.evaluate import evaluate_node
from longtail.cluster.evaluation_files import result_files, summary_of
from longtail.cluster.ledger import begin, finish, held, node_directory, read_result, reopen
from longtail.cluster.node import Node
from longtail.cluster.plan import Plan, Row
from longtail.cluster.predict import predict_node
from longtail.cluster.settings import WorkerResources
from longtail.cluster.train import train_node
from longtail.inference.job import PredictionJob
from longtail.predictions.store import Source
from longtail.training.checkpoints import final_checkpoint
from longtail.training.journal import JOURNAL, read_journal
from longtail.training.stage import StageJob

LOCK_PATIENCE_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Workshop:
    """Does the work of the nodes of one plan.

    Attributes:
        plan: The rows and their data files, with absolute paths.
        runs: The runs folder, absolute.
        resources: What one node occupies.
        loader_processes: Processes per training worker that prepare samples.
        provenance: Versions and commit, kept in every `node.json`.
    """

    plan: Plan
    runs: Path
    resources: WorkerResources
    loader_processes: int
    provenance: Mapping[str, Any]

    def do(self, node: Node) -> None:
        """Bring a node to its result; one that is finished (by now) is left alone."""
        directory = node_directory(self.runs, node)
        with held(directory / "driver.lock", LOCK_PATIENCE_SECONDS):
            if read_result(directory) is not None:
                return
            if reopen(directory):
                shutil.rmtree(directory / "predictions", ignore_errors=True)
            begin(directory, node, self.provenance)
            row = self.plan.row_of(node)
            match node.kind:
                case "stage":
                    self._train(node, row, directory)
                case "predictions":
                    self._predict(node, row, directory)
                case "evaluation":
                    self._evaluate(row, directory)
                case _:
                    assert_never(node.kind)

    def _train(self, node: Node, row: Row, directory: Path) -> None:
        number = [stage.id for stage in row.stages].index(node.id)
        before = None if number == 0 else self._final(row, number - 1)
        job = StageJob(
            variant=row.variant,
            stage=number,
            train_annotations=self.plan.data.train,
            images=self.plan.data.images,
            directory=directory,
            initial_weights=before,
            loader_processes=self.loader_processes,
        )
        train_node(job, self.resources, self.runs / "ray")
        last = read_journal(directory / JOURNAL)[-1]
        checkpoint = final_checkpoint(directory, row.variant.stages[number].schedule.iterations)
        summary = {"iterations": last["step"], "loss": last["train/loss"]}
        finish(directory, [*checkpoint.iterdir(), directory / JOURNAL], summary)

    def _predict(self, node: Node, row: Row, directory: Path) -> None:
        job = PredictionJob(
            variant=row.variant,
            stage=len(row.stages) - 1,
            checkpoint=self._final(row, len(row.stages) - 1),
            annotations=self.plan.data.val,
            images=self.plan.data.images,
            store=directory / "predictions",
            source=Source(row.name, node.id, row.variant.inference.short_side, flip=False),
            loader_processes=self.loader_processes,
        )
        summary = predict_node(job, self.resources)
        finish(directory, [file for file in job.store.iterdir() if file.is_file()], summary)

    def _evaluate(self, row: Row, directory: Path) -> None:
        store = predictions_of(self.runs, row)
        evaluate_node(row, self.plan.data.val, store, directory)
        finish(directory, result_files(directory), summary_of(directory))

    def _final(self, row: Row, number: int) -> Path:
        directory = node_directory(self.runs, row.stages[number])
        iterations = row.variant.stages[number].schedule.iterations
        return final_checkpoint(directory, iterations)


def predictions_of(runs: Path, row: Row) -> Path:
    """The prediction store of a row."""
    return node_directory(runs, row.predictions) / "predictions"


def absolute(plan: Plan) -> Plan:
    """The plan with absolute paths: workers run in folders of their own."""
    data = plan.data
    resolved = replace(
        data, train=data.train.resolve(), val=data.val.resolve(), images=data.images.resolve()
    )
    return replace(plan, data=resolved)
