"""Bringing trials to their rungs: stages before, the last one in a pass with others, evaluation."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import DataFiles, Plan, Row
from longtail.cluster.nodes.settings import GridSettings
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, State
from longtail.cluster.pool.tasks import Run
from longtail.cluster.work.node_runner import NodeRunner
from longtail.metrics import RESULT_METRICS
from longtail.sweep.cost import Kind, Work, reserved_hours
from longtail.sweep.driver.rung_evaluation import evaluate_rung, read_intermediate_values
from longtail.sweep.driver.trial_groups import PendingTrial
from longtail.sweep.search.rung_requests import RungRequest, RungResult
from longtail.sweep.trial import Rung
from longtail.training.checkpoints import trained_steps

OnResult = Callable[[PendingTrial, RungResult], None]


class StageFailedError(RuntimeError):
    """A training that a trial needs failed."""


@dataclass
class TrialRunner:
    """Does the work of one sweep; called from several threads.

    Attributes:
        data: Absolute paths.
        settings: Where and with what.
        provenance: Versions and commit.
        statuses: Every node that a trial needs, kept up to date.
        on_work: Told of every piece of work that was done.
    """

    data: DataFiles
    settings: GridSettings
    provenance: Mapping[str, Any]
    statuses: NodeStatuses
    on_work: Callable[[Work], object]
    _locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def known(self, row: Row, step: int) -> Rung | None:
        """What storage says of a row that is to be trained for `step` iterations.

        A row that is finished is known at its end, whatever rung is asked for.
        """
        summary = read_result(node_directory(self.settings.runs, row.evaluation))
        if summary is not None:
            return Rung(
                row.variant.stages[-1].schedule.iterations,
                {name: summary[name] for name in RESULT_METRICS},
            )
        values = read_intermediate_values(self.settings.runs, row)
        return next((rung for rung in values if rung.step == step), None)

    def pending_trial(
        self, number: int, row: Row, request: RungRequest, rungs: Sequence[int]
    ) -> PendingTrial:
        """Where a trial stands, and how far it goes next: to the rung it asks for, unless its last
        stage was trained further before."""
        self.watch(row)
        steps = trained_steps(node_directory(self.settings.runs, row.stages[-1]))
        target = request.step
        if steps > target and self.known(row, target) is None:
            target = next(rung for rung in rungs if rung >= steps)
        return PendingTrial(number, request.trial, row, steps, target)

    def watch(self, row: Row) -> None:
        """Have the nodes of a row among the statuses."""
        for node in row.nodes():
            if node.id not in self.statuses:
                found = read_result(node_directory(self.settings.runs, node)) is not None
                state = State.DONE if found else State.WAITING
                self.statuses[node.id] = NodeStatus(node, state, found)

    def run_group(self, group: Sequence[PendingTrial], run: Run, on_result: OnResult) -> None:
        """Take a group to its target, one evaluation after the other: each occupies what a training
        does. Every trial gets its result as soon as it is evaluated, or has failed."""
        runner = NodeRunner(
            Plan(tuple(pending.row for pending in group), self.data),
            self.settings.runs,
            run,
            self.settings.loader_processes,
            self.provenance,
        )
        try:
            self._train_shared_stages(runner, group)
            failures = self._train(runner, group)
        except Exception as error:
            failures = {pending.node.id: error for pending in group}
        for pending in group:
            try:
                if pending.node.id in failures:
                    raise failures[pending.node.id]
                rung = self._evaluate(runner, pending)
                on_result(pending, RungResult(rung.step, rung.metrics))
            except Exception as error:
                on_result(pending, RungResult(error=f"{type(error).__name__}: {error}"))

    def _train_shared_stages(self, runner: NodeRunner, group: Sequence[PendingTrial]) -> None:
        """Once for all trials: later groups wait, and find them finished."""
        for node in group[0].row.before_last_stage():
            with self._locks[node.id]:
                status = self.statuses[node.id]
                if status.state is State.FAILED:
                    raise StageFailedError(f"{node.label}: {status.error}")
                if status.state is State.DONE:
                    continue
                iterations = _iterations_of(group[0].row, node)
                with self._timed("first", group, [node], iterations):
                    failures = runner.do([node])
                self._settle([node], failures, State.DONE)
                if failures:
                    raise StageFailedError(f"{node.label}: {failures[node.id]}")

    def _train(
        self, runner: NodeRunner, group: Sequence[PendingTrial]
    ) -> Mapping[str, BaseException]:
        first = group[0]
        nodes = list({pending.node.id: pending.node for pending in group}.values())
        if first.step == first.target and not first.is_last:
            return {}
        for node in nodes:
            self.statuses[node.id].in_pass = tuple(n.id for n in nodes) if nodes[1:] else ()
        with self._timed("training", group, nodes, max(0, first.target - first.step)):
            failures = runner.do(nodes, until=first.target)
        self._settle(nodes, failures, State.DONE if first.is_last else State.PAUSED)
        return failures

    def _evaluate(self, runner: NodeRunner, pending: PendingTrial) -> Rung:
        row = pending.row
        if not pending.is_last:
            with self._timed("evaluation", [pending], [], 0):
                return evaluate_rung(row, pending.target, self.data, self.settings, runner.run)
        nodes = [*row.views, row.predictions, row.evaluation]
        with self._timed("evaluation", [pending], nodes, 0):
            for node in nodes:
                runner.do([node])
        self._settle(nodes, {}, State.DONE)
        rung = self.known(row, pending.target)
        assert rung is not None, "it was evaluated just now"
        return rung

    @contextmanager
    def _timed(
        self, kind: Kind, group: Sequence[PendingTrial], nodes: Sequence[Node], iterations: int
    ) -> Iterator[None]:
        """Show the nodes as running, and tell what the work cost if it is done to its end."""
        began = time.monotonic()
        for node in nodes:
            self.statuses[node.id].state = State.RUNNING
            self.statuses[node.id].started = began
        try:
            yield
        except BaseException as error:
            self._settle(nodes, {node.id: error for node in nodes}, State.FAILED)
            raise
        seconds = time.monotonic() - began
        hours = reserved_hours(seconds, self.settings.resources)
        numbers = [pending.number for pending in group]
        self.on_work(Work(kind, numbers, iterations, seconds, hours))

    def _settle(
        self, nodes: Sequence[Node], failures: Mapping[str, BaseException], state: State
    ) -> None:
        for node in nodes:
            status = self.statuses[node.id]
            status.error = failures.get(node.id)
            status.state = state if status.error is None else State.FAILED


def _iterations_of(row: Row, node: Node) -> int:
    """Of a training; what its pseudo-labels take is none of them."""
    stages = zip(row.stages, row.variant.stages, strict=True)
    return next((of.schedule.iterations for stage, of in stages if stage.id == node.id), 0)
