"""What the work of each kind of node is, and which files its result vouches for."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, assert_never

from longtail.cluster.nodes.detector_files import with_absolute_files
from longtail.cluster.nodes.ledger import begin, finish, node_directory, read_result, reopen
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Plan, Row
from longtail.cluster.nodes.pseudo_labels import pseudo_labels_path
from longtail.cluster.nodes.trained_node import kept_facts
from longtail.cluster.pool.placed import placed
from longtail.cluster.pool.tasks import Run, Work
from longtail.cluster.results.evaluation_files import result_files, summary_of
from longtail.cluster.work.evaluate import evaluate_node
from longtail.cluster.work.merge import do_merge_node
from longtail.cluster.work.predict import predict_node
from longtail.cluster.work.pseudo_labels import Labelling, labelled_images, make_pseudo_labels
from longtail.cluster.work.schedule import Failures
from longtail.cluster.work.train import train_nodes
from longtail.config.stages import Stage, pseudo_label_file
from longtail.data.joining.also_file import AlsoFile
from longtail.inference.job import PredictionJob, source_of
from longtail.locks import held
from longtail.training.checkpoints import final_checkpoint
from longtail.training.job import StageJob
from longtail.training.journal import JOURNAL, read_journal

STORE = "predictions"
LOCK_PATIENCE_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class NodeRunner:
    """Does the work of the nodes of one plan.

    Attributes:
        plan: The rows and their data files, with absolute paths.
        runs: The runs folder, absolute.
        run: Does a task on a worker group.
        loader_processes: Processes per training worker that prepare samples.
        provenance: Versions and commit, kept in every `node.json`.
    """

    plan: Plan
    runs: Path
    run: Run
    loader_processes: int
    provenance: Mapping[str, Any]

    def do(self, nodes: Sequence[Node], until: int | None = None) -> Failures:
        """Bring nodes to their results; those that are finished (by now) are left alone.

        Args:
            nodes: One, or several that one pass over the data trains.
            until: Of trainings, iterations after which they pause instead: they have a checkpoint
                then, and no result.

        Returns:
            What went wrong in training, by the ids of the nodes that failed. Other failures are
            raised.
        """
        with ExitStack() as locks:
            # In an order that all drivers share, so that none waits for one that waits for it.
            for node in sorted(nodes, key=lambda node: node.id):
                lock = node_directory(self.runs, node) / "driver.lock"
                locks.enter_context(held(lock, LOCK_PATIENCE_SECONDS))
            left = [node for node in nodes if self._open(node)]
            if not left:
                return {}
            if left[0].kind == "stage":
                return self._train(left, until)
            for node in left:
                self._do_alone(node)
            return {}

    def _open(self, node: Node) -> bool:
        """Whether there is work to do, for which the directory is then ready."""
        directory = node_directory(self.runs, node)
        if read_result(directory) is not None:
            return False
        if reopen(directory):
            shutil.rmtree(directory / STORE, ignore_errors=True)
        begin(directory, node, self._facts(node))
        return True

    def _facts(self, node: Node) -> Mapping[str, Any]:
        """What `node.json` says besides the node."""
        if node.kind != "stage":
            return self.provenance
        row = self.plan.row_of(node)
        is_last = node.id == row.stages[-1].id
        return {**self.provenance, **kept_facts(row.variant, is_last=is_last)}

    def _do_alone(self, node: Node) -> None:
        directory, merge = node_directory(self.runs, node), self.plan.merge_of(node)
        if merge is not None:
            on_group = partial(_placed_run, self.run, directory)
            do_merge_node(node, merge, self.plan.data, self.runs, on_group)
            return
        row = self.plan.row_of(node)
        match node.kind:
            case "predictions":
                self._predict(node, row, directory)
            case "evaluation":
                self._evaluate(row, directory)
            case "pseudo_labels":
                make_pseudo_labels(self._labelling(node, row, directory), self.run)
            case "stage":
                raise AssertionError("stages are trained")
            case _:
                assert_never(node.kind)

    def _train(self, nodes: Sequence[Node], until: int | None) -> Failures:
        jobs = [replace(self._job(node), until=until) for node in nodes]
        ends = train_nodes(jobs, self.run)
        failures: dict[str, BaseException] = {}
        for node, job, end in zip(nodes, jobs, ends, strict=True):
            try:
                if end is not None:
                    raise end
                if job.last_step == job.config.schedule.iterations:
                    self._finish_training(job)
            except Exception as error:
                failures[node.id] = error
        return failures

    def _job(self, node: Node) -> StageJob:
        row = self.plan.row_of(node)
        number = [stage.id for stage in row.stages].index(node.id)
        return StageJob(
            variant=with_absolute_files(row.variant),
            stage=number,
            train_annotations=self.plan.data.train,
            images=self.plan.data.images,
            directory=node_directory(self.runs, node),
            initial_weights=(
                None
                if number == 0
                else self._final(row.stages[number - 1], row.variant.stages[number - 1])
            ),
            loader_processes=self.loader_processes,
            exhaustive=self.plan.data.exhaustive,
            semantic=None if self.plan.data.semantic is None else self.plan.data.semantic.folder,
            also=(*self.plan.data.also, *self._made_files(row, number)),
        )

    def _made_files(self, row: Row, number: int) -> list[AlsoFile]:
        """The pseudo-labels that a stage learns from, under the names that the stage knows."""
        nodes = [node for node in row.stages[number].parents if node.kind == "pseudo_labels"]
        return [
            AlsoFile(
                pseudo_label_file(place),
                pseudo_labels_path(node_directory(self.runs, node)),
                labelled_images(labels, self.plan.data).images,
            )
            for place, (node, labels) in enumerate(
                zip(nodes, row.variant.stages[number].pseudo_labels, strict=True)
            )
        ]

    def _labelling(self, node: Node, row: Row, directory: Path) -> Labelling:
        number = next(n for n, stage in enumerate(row.stages) if node in stage.parents)
        parents = [of for of in row.stages[number].parents if of.kind == "pseudo_labels"]
        return Labelling(
            node=node,
            labels=row.variant.stages[number].pseudo_labels[parents.index(node)],
            variant=with_absolute_files(row.variant),
            stage=number - 1,
            checkpoint=self._final(row.stages[number - 1], row.variant.stages[number - 1]),
            data=self.plan.data,
            directory=directory,
            loader_processes=self.loader_processes,
        )

    def _finish_training(self, job: StageJob) -> None:
        last = read_journal(job.directory / JOURNAL)[-1]
        checkpoint = final_checkpoint(job.directory, job.config.schedule.iterations)
        summary = {"iterations": last["step"], "loss": last["train/loss"]}
        finish(job.directory, [*checkpoint.iterdir(), job.directory / JOURNAL], summary)

    def _predict(self, node: Node, row: Row, directory: Path) -> None:
        inference = row.inference_of(node)
        views = [of for of in node.parents if of.kind == "predictions"]
        job = PredictionJob(
            variant=with_absolute_files(row.variant.replace(inference=inference)),
            stage=len(row.variant.stages) - 1,
            checkpoint=self._final(row.stages[-1], row.variant.stages[-1]),
            annotations=self.plan.data.val,
            images=self.plan.data.images,
            store=directory / STORE,
            source=source_of(_name_of(node, row), node.id, inference),
            loader_processes=self.loader_processes,
            views=tuple(node_directory(self.runs, view) / STORE for view in views),
        )
        summary = predict_node(job, self.run)
        finish(directory, [file for file in job.store.iterdir() if file.is_file()], summary)

    def _evaluate(self, row: Row, directory: Path) -> None:
        store = predictions_of(self.runs, row)
        evaluate_node(row, self.plan.data.val, store, directory, self.run)
        finish(directory, result_files(directory), summary_of(directory))

    def _final(self, node: Node, stage: Stage) -> Path:
        return final_checkpoint(node_directory(self.runs, node), stage.schedule.iterations)


def _placed_run(run: Run, directory: Path, work: Work) -> Any:
    return run(placed([directory], work))


def predictions_of(runs: Path, row: Row) -> Path:
    """The prediction store of a row."""
    return node_directory(runs, row.predictions) / STORE


def _name_of(node: Node, row: Row) -> str:
    """The row's, or that of one of its views."""
    return row.name if node.id == row.predictions.id else node.label.removesuffix(", predictions")
