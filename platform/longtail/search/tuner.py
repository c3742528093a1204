"""Ray Tune as every search drives it: quiet, and without a state that is read again."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from ray import tune
from ray.tune import Callback, Stopper
from ray.tune.schedulers import TrialScheduler

from longtail.commands import interrupted_as_it_was
from longtail.search.sampler import UniqueSampler

NUMBER = "number"
"""In Tune's configuration of a trial whose point was laid out before."""

Config = dict[str, Any]
Result = dict[str, Any]
OnReport = Callable[[str, Config, Result], object]
OnEnd = Callable[[str, Config, Result, bool], object]


def run_trials(
    trial: Callable[..., None],
    given: Mapping[str, Any],
    points: UniqueSampler | Sequence[int],
    num_trials: int,
    *,
    resources: Mapping[str, float],
    concurrent: int,
    storage: Path,
    listener: "TrialListener",
    scheduler: TrialScheduler | None = None,
    problem: Callable[[], BaseException | None] = lambda: None,
    fail_fast: bool = False,
) -> list[Exception]:
    """Run trials until all have ended, and return what failed ones raised.

    Args:
        trial: Called for each with its configuration, in a process of its own; it reports.
        given: Objects that it takes beside that, by name.
        points: Chooses them, or the numbers of those laid out before: `{NUMBER: number}`.
        num_trials: How many.
        resources: That Tune reserves for each.
        concurrent: Trials at a time.
        storage: For Ray's own files, on storage that all machines see.
        listener: Told of reports and ends.
        scheduler: Stops some of them early.
        problem: Asked again and again whether the search can go on; if not, all trials end.
        fail_fast: Whether the first failure ends all of them.
    """
    sampler = points if isinstance(points, UniqueSampler) else None
    numbers = None if isinstance(points, UniqueSampler) else list(points)
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(trial, **given), dict(resources)),
        param_space=None if numbers is None else {NUMBER: tune.grid_search(numbers)},
        tune_config=tune.TuneConfig(
            search_alg=sampler,
            scheduler=scheduler,
            num_samples=num_trials if numbers is None else 1,
            max_concurrent_trials=concurrent,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str(storage),
            callbacks=[listener],
            stop=_StopAll(problem),
            failure_config=tune.FailureConfig(fail_fast=fail_fast),
            verbose=0,
        ),
    )
    with interrupted_as_it_was():
        return list(tuner.fit().errors)


class TrialListener(Callback):
    """Hands on what Tune says of its trials, in the process that started it.

    Args:
        on_report: Told the id, configuration and result of every report.
        on_end: Told the same of the last report, and whether the trial failed.
    """

    def __init__(self, on_report: OnReport, on_end: OnEnd) -> None:
        self._on_report, self._on_end = on_report, on_end

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles itself to be restored, and a search goes on from its journal."""
        return {}

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: Result, **_: Any
    ) -> None:
        """A trial reported."""
        self._on_report(trial.trial_id, trial.config, result)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """It came to its end or was stopped."""
        self._on_end(trial.trial_id, trial.config, trial.last_result, False)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """It failed."""
        self._on_end(trial.trial_id, trial.config, trial.last_result, True)


class _StopAll(Stopper):
    """Ends the search when there is a problem."""

    def __init__(self, problem: Callable[[], BaseException | None]) -> None:
        self._problem = problem

    def __getstate__(self) -> dict[str, Any]:
        """Nothing, as for the listener."""
        return {}

    def __call__(self, trial_id: str, result: Result) -> bool:
        """Never one alone."""
        return False

    def stop_all(self) -> bool:
        """Whether there is a problem."""
        return self._problem() is not None


def report(result: Result) -> None:
    """Tell Tune what a trial has reached; called in the trial."""
    tune.report(result)


def quieten() -> None:
    """Let Ray and Optuna tell of errors alone."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.ERROR)
