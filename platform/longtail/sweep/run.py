"""Running a sweep: serve Ray Tune's trials with nodes, keep a journal and MLflow in step."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from longtail.cluster.nodes.plan_file import PLAN, plan_file
from longtail.cluster.nodes.provenance import provenance
from longtail.cluster.nodes.statuses import NodeStatuses
from longtail.cluster.pool.pool import WorkerPool
from longtail.cluster.progress import progress_console
from longtail.cluster.results.publish import Publisher, kept_in_step, prepared
from longtail.cluster.work.start_up import started_pool
from longtail.commands import InfrastructureError
from longtail.locks import held
from longtail.sweep.cost import Cost, shared_stage_hours, summarise
from longtail.sweep.driver.progress import SweepDisplay
from longtail.sweep.driver.tracking import SweepRunGroup
from longtail.sweep.driver.trial_groups import may_share
from longtail.sweep.driver.trial_numbers import TrialNumbers
from longtail.sweep.driver.trial_recorder import TrialRecorder
from longtail.sweep.driver.trial_runner import TrialRunner
from longtail.sweep.driver.trial_server import TrialServer
from longtail.sweep.journal import SweepJournal, WorkDone, open_journal
from longtail.sweep.request import Sweep
from longtail.sweep.search.initial_points import fixed_points, start_point
from longtail.sweep.search.rung_requests import start_rung_requests
from longtail.sweep.search.tuner import Callbacks, Wanted, search
from longtail.sweep.settings import LARGEST_PASS, SweepSettings
from longtail.sweep.trial import Trial

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class SweepResult:
    """How a sweep ended.

    Attributes:
        trials: By number.
        cost: Of all runs of the sweep.
        statuses: Of its nodes.
        publisher: Of its MLflow runs.
    """

    trials: list[Trial]
    cost: Cost
    statuses: NodeStatuses
    publisher: Publisher


@dataclass(frozen=True)
class SearchContext:
    """What takes part in a search."""

    sweep: Sweep
    settings: SweepSettings
    journal: SweepJournal
    runner: TrialRunner
    recorder: TrialRecorder
    display: SweepDisplay


def run_sweep(sweep: Sweep, settings: SweepSettings) -> SweepResult:
    """Bring every trial of a sweep to its end; those of earlier runs are not run again.

    Trials that failed are tried again. An interrupted sweep goes on from its journal and from what
    its trials left in storage.

    Args:
        sweep: With absolute paths; its space was checked.
        settings: Where and with what; progress goes to standard error.

    Raises:
        ValueError: A detector cannot be built, or the folder holds another sweep.
        InfrastructureError: No cluster, one on which the workers can never be placed, a store of
            MLflow's that was left half-made, or another process runs this sweep.
        KeyboardInterrupt: The user ended it.
    """
    journal = open_journal(settings.directory, sweep)
    try:
        with held(settings.directory / "driver.lock", PATIENCE_SECONDS):
            return _run(sweep, settings, journal)
    except TimeoutError:
        raise InfrastructureError(
            f"{settings.directory}: another process runs this sweep; wait for it or stop it"
        ) from None


def _run(sweep: Sweep, settings: SweepSettings, journal: SweepJournal) -> SweepResult:
    journal.reopen_failed()
    points = fixed_points(sweep)
    numbers = range(sweep.num_trials if points is None else len(points))
    left = [number for number in numbers if number not in journal.ended]
    trial_numbers = TrialNumbers(sweep, journal, points)
    statuses: NodeStatuses = {}
    runner = TrialRunner(
        data=sweep.data,
        settings=settings.grid,
        provenance=provenance(),
        statuses=statuses,
        on_work=lambda work: journal.add(WorkDone(work)),
    )
    display = SweepDisplay(progress_console(), settings.grid, sweep, journal, len(numbers))
    recorder = TrialRecorder(sweep, journal, trial_numbers, runner, display)
    recorder.recall()
    run_group = SweepRunGroup(sweep, trial_numbers, journal, settings.grid.runs, settings.grid.name)
    publisher = Publisher(run_group, settings.grid.runs, settings.grid.experiment)
    publisher.check()
    if left:
        again = list(journal.unfinished().values())
        start = None if journal.started else start_point(sweep)
        first = again if start is None else [*again, start]
        wanted = Wanted(points, left, first, len(left), len(numbers))
        context = SearchContext(sweep, settings, journal, runner, recorder, display)
        prepared(publisher)
        # One group: trials often wait for a first stage that all of them need.
        with started_pool(sweep.base_plan(), settings.grid, 1) as pool:
            with kept_in_step(publisher, statuses):
                _search(context, wanted, pool)
    failed = any(trial.state == "failed" for trial in journal.trials)
    publisher.publish_end(statuses, "FAILED" if failed else "FINISHED")
    cost = _cost(sweep, settings, journal, trial_numbers)
    return SweepResult(journal.trials, cost, statuses, publisher)


def _search(context: SearchContext, wanted: Wanted, pool: WorkerPool) -> None:
    sweep, settings, recorder = context.sweep, context.settings, context.recorder
    at_once = pool.num_groups
    concurrent = min(settings.concurrent or _concurrent(sweep, at_once), wanted.num_trials)
    rung_requests = start_rung_requests()
    server = TrialServer(
        context.runner,
        rung_requests,
        pool.run,
        at_once,
        concurrent,
        recorder.pending_trial,
        recorder.errors.__setitem__,
    )

    def on_end(tune_id: str, config: dict[str, Any], failed: bool) -> None:
        if server.problem is None:
            recorder.end(tune_id, config, failed)

    storage = settings.directory / "tune"
    shutil.rmtree(storage, ignore_errors=True)
    statuses, plan = context.runner.statuses, settings.directory / PLAN
    with (
        plan_file(plan, "sweep", settings.grid, statuses, {}) as noted,
        server,
        context.display.watching(statuses, at_once, noted.update),
    ):
        search(
            sweep,
            context.journal.trials,
            wanted,
            rung_requests,
            concurrent,
            storage,
            Callbacks(recorder.report, on_end, lambda: server.problem),
        )
    shutil.rmtree(storage, ignore_errors=True)
    if server.problem is not None:
        raise server.problem
    if context.journal.unfinished() or len(context.journal.started) < wanted.total:
        # Tune answers Ctrl-C by returning what it has.
        raise KeyboardInterrupt


def _concurrent(sweep: Sweep, at_once: int) -> int:
    """As many trials as have a place, and a pass of them where they can share one."""
    return at_once * LARGEST_PASS if may_share(sweep.base) else at_once


def _cost(
    sweep: Sweep, settings: SweepSettings, journal: SweepJournal, trial_numbers: TrialNumbers
) -> Cost:
    ended: Sequence[Trial] = [trial for trial in journal.trials if trial.intermediate_values]
    resources, runs = settings.grid.resources, settings.grid.runs
    rows = [trial_numbers.row(trial.number) for trial in ended]
    shared = [shared_stage_hours(row, runs, resources) for row in rows]
    return summarise(
        journal.work,
        steps={trial.number: trial.step for trial in ended},
        iterations=sweep.rungs[-1],
        shared_hours=sum(shared) / len(shared) if shared else 0.0,
        resources=resources,
    )
