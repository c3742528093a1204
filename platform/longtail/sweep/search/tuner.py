"""The search itself: Ray Tune runs trials, chooses their points, and stops some of them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune import Callback, Stopper

from longtail.commands import interrupted_as_it_was
from longtail.config.search_space import Point
from longtail.metrics import RESULT_METRICS
from longtail.sweep.request import Sweep
from longtail.sweep.search.early_stopping import stopping
from longtail.sweep.search.sampler import chooser
from longtail.sweep.search.trainable import ITERATION, NUMBER, run_trial
from longtail.sweep.trial import Rung, Trial

HEAD = {"memory": 1.0}
"""What Tune reserves for a trial: the work is done elsewhere, and one byte is not nothing, which it
would refuse. A share of a core would keep the last worker from being placed."""

OnReport = Callable[[str, dict[str, Any], Rung], object]
OnEnd = Callable[[str, dict[str, Any], bool], object]


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


def search(
    sweep: Sweep,
    ended: Sequence[Trial],
    wanted: Wanted,
    mailbox: Any,
    concurrent: int,
    storage: Path,
    listener: "Listener",
    problem: Callable[[], BaseException | None],
) -> None:
    """Run trials until all that are wanted have ended.

    Args:
        sweep: What is searched.
        ended: Trials of earlier runs, which the search algorithm and the scheduler are told of.
        wanted: What is left.
        mailbox: Where trials ask for their rungs.
        concurrent: Trials at a time.
        storage: For Ray's own files, on storage that all machines see.
        listener: Told of reports and ends.
        problem: Asked again and again whether trials can be served; if not, all of them end.
    """
    _quieten()
    fixed = wanted.points is not None
    tuner = tune.Tuner(
        tune.with_resources(
            tune.with_parameters(run_trial, mailbox=mailbox, rungs=sweep.rungs), HEAD
        ),
        param_space={NUMBER: tune.grid_search(list(wanted.numbers))} if fixed else None,
        tune_config=tune.TuneConfig(
            search_alg=None if fixed else chooser(sweep, ended, wanted.first),
            scheduler=stopping(sweep, ended),
            num_samples=1 if fixed else wanted.num_trials,
            max_concurrent_trials=concurrent,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str(storage),
            callbacks=[listener],
            stop=_StopAll(problem),
            verbose=0,
        ),
    )
    with interrupted_as_it_was():
        tuner.fit()


class Listener(Callback):
    """Hands on what Tune says of its trials, in the process that started it."""

    def __init__(self, on_report: OnReport, on_end: OnEnd) -> None:
        self._on_report, self._on_end = on_report, on_end
        self.num_ended = 0

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles itself to be restored, and a sweep goes on from its journal."""
        return {}

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any
    ) -> None:
        """A rung was reached."""
        metrics = {name: result[name] for name in RESULT_METRICS}
        self._on_report(trial.trial_id, trial.config, Rung(result[ITERATION], metrics))

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """It came to its end or was stopped."""
        self.num_ended += 1
        self._on_end(trial.trial_id, trial.config, False)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """It failed."""
        self.num_ended += 1
        self._on_end(trial.trial_id, trial.config, True)


class _StopAll(Stopper):
    """Ends the search when nobody can serve it any more."""

    def __init__(self, problem: Callable[[], BaseException | None]) -> None:
        self._problem = problem

    def __getstate__(self) -> dict[str, Any]:
        """Nothing, as for the listener."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Never one alone."""
        return False

    def stop_all(self) -> bool:
        """Whether there is a problem."""
        return self._problem() is not None


def _quieten() -> None:
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.ERROR)
