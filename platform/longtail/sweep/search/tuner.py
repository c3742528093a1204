"""The search of a sweep: Ray Tune's trials ask for rungs, and report them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtail.config.search_space import Point
from longtail.metrics import RESULT_METRICS
from longtail.search.tuner import TrialListener, quieten, run_trials
from longtail.sweep.request import Sweep
from longtail.sweep.search.early_stopping import build_scheduler
from longtail.sweep.search.sampler import build_sampler
from longtail.sweep.search.trainable import ITERATION, run_trial
from longtail.sweep.trial import Rung, Trial

HEAD = {"memory": 1.0}
"""What Tune reserves for a trial: the work is done elsewhere, and one byte is not nothing, which it
would refuse. A share of a core would keep the last worker from being placed."""


@dataclass(frozen=True)
class Wanted:
    """Which trials are still to be run.

    Attributes:
        points: All points by number, where they were laid out before; else None.
        numbers: Those of them that are wanted.
        first: Points that optuna is to try before any other.
        num_trials: How many trials.
        total: How many there are then, with those of earlier runs.
    """

    points: Sequence[Point] | None
    numbers: Sequence[int]
    first: Sequence[Point]
    num_trials: int
    total: int


@dataclass(frozen=True)
class Callbacks:
    """What a search tells, and asks.

    Attributes:
        on_report: Told Tune's id of a trial, its configuration and the rung that it reached.
        on_end: Told the same of a trial that ended, and whether it failed.
        problem: Asked again and again why trials cannot be served; if so, all of them end.
    """

    on_report: Callable[[str, dict[str, Any], Rung], object]
    on_end: Callable[[str, dict[str, Any], bool], object]
    problem: Callable[[], BaseException | None]


def search(
    sweep: Sweep,
    ended: Sequence[Trial],
    wanted: Wanted,
    rung_requests: Any,
    concurrent: int,
    storage: Path,
    callbacks: Callbacks,
) -> None:
    """Run trials until all that are wanted have ended.

    Args:
        sweep: What is searched.
        ended: Trials of earlier runs, which the search algorithm and the scheduler are told of.
        wanted: What is left.
        rung_requests: Where trials ask for their rungs.
        concurrent: Trials at a time.
        storage: For Ray's own files, on storage that all machines see.
        callbacks: Told of reports and ends.
    """
    quieten()
    fixed = wanted.points is not None
    run_trials(
        run_trial,
        {"rung_requests": rung_requests, "rungs": sweep.rungs},
        wanted.numbers if fixed else build_sampler(sweep, ended, wanted.first),
        wanted.num_trials,
        resources=HEAD,
        concurrent=concurrent,
        storage=storage,
        listener=TrialListener(
            lambda trial, config, result: callbacks.on_report(trial, config, _rung(result)),
            lambda trial, config, _, failed: callbacks.on_end(trial, config, failed),
        ),
        scheduler=build_scheduler(sweep, ended),
        problem=callbacks.problem,
    )


def _rung(result: dict[str, Any]) -> Rung:
    return Rung(result[ITERATION], {name: result[name] for name in RESULT_METRICS})
