"""The scheduler: Ray Tune's early stopping, told of the trials that a sweep has already.

Only schedulers that stop trials are here. Those that pause or change them (population based
training, synchronous HyperBand, BOHB) need checkpoints in Tune's hands, which trainings of their
own never put there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    FIFOScheduler,
    MedianStoppingRule,
    TrialScheduler,
)

from longtail.sweep.request import Sweep
from longtail.sweep.search.trainable import ITERATION
from longtail.sweep.trial import Trial

MEDIAN_OF = 3
"""Trials that must have come as far before one is stopped by their median."""


@dataclass(frozen=True)
class _Past:
    """Stands for a trial of an earlier run: schedulers know trials by their ids."""

    trial_id: str


class _Idle:
    """Stands for a controller while no trial runs."""

    def get_live_trials(self) -> tuple[()]:
        """None that could be given the time of a paused one."""
        return ()


def build_scheduler(sweep: Sweep, ended: Sequence[Trial]) -> TrialScheduler:
    """The scheduler of a sweep; the evaluations of earlier runs are reported to it again.

    Args:
        sweep: What is searched; schedulers look at its first metric.
        ended: Trials of earlier runs.
    """
    scheduler = _scheduler(sweep)
    if sweep.scheduler == "none":
        return scheduler
    controller = cast(TuneController, _Idle())
    for trial in ended:
        past = cast(TuneTrial, _Past(f"past-{trial.number}"))
        reports: list[dict[str, Any]] = [
            {ITERATION: r.step, **r.metrics} for r in trial.intermediate_values
        ]
        if not reports:
            continue
        scheduler.on_trial_add(controller, past)
        for report in reports:
            scheduler.on_trial_result(controller, past, report)
        scheduler.on_trial_complete(controller, past, reports[-1])
    return scheduler


def _scheduler(sweep: Sweep) -> TrialScheduler:
    metric, rungs = sweep.metrics[0], sweep.rungs
    match sweep.scheduler:
        case "asha":
            return AsyncHyperBandScheduler(
                time_attr=ITERATION,
                metric=metric,
                mode="max",
                max_t=rungs[-1],
                grace_period=rungs[0],
                reduction_factor=sweep.reduction,
            )
        case "median":
            return MedianStoppingRule(
                time_attr=ITERATION,
                metric=metric,
                mode="max",
                grace_period=rungs[0],
                min_samples_required=MEDIAN_OF,
            )
        case "none":
            return FIFOScheduler()  # type: ignore[no-untyped-call]
