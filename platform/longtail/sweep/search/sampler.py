"""Optuna as Ray Tune uses it, told of the trials that a sweep has already."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import TrialState
from ray.tune.search.optuna import OptunaSearch

from longtail.config.search_space import Point
from longtail.ray_cluster.once_each import OnceEach
from longtail.sweep.layout import key_of
from longtail.sweep.request import Sweep
from longtail.sweep.search.distributions import distributions, params_of, point_of
from longtail.sweep.trial import Trial

STUDY = "sweep"


def chooser(sweep: Sweep, ended: Sequence[Trial], first: Iterable[Point]) -> OptunaSearch:
    """A TPE sampler that goes on from the trials of an earlier run.

    Its random numbers depend on how many there are: with the same seed it would begin with the
    points that it began with then.

    Args:
        sweep: What is searched.
        ended: Trials of earlier runs; of one that was stopped the last evaluation counts.
        first: Points to try before any other.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(
        storage=storage, study_name=STUDY, directions=["maximize"] * len(sweep.metrics)
    )
    for trial in ended:
        _tell(study, sweep, trial)
    for point in first:
        study.enqueue_trial(params_of(point, sweep.space))
    several = len(sweep.metrics) > 1
    found = OnceEach(
        distributions(sweep.space),
        lambda params: _key(sweep, sweep.space.rounded(point_of(params, sweep.space))),
        partial(_drawn, sweep),
        metric=list(sweep.metrics) if several else sweep.metrics[0],
        mode=["max"] * len(sweep.metrics) if several else "max",
        sampler=optuna.samplers.TPESampler(seed=sweep.seed + len(ended)),
        study_name=STUDY,
        storage=storage,
    )
    found.seen.update(_key(sweep, trial.point) for trial in ended)
    return found


def _key(sweep: Sweep, point: Point) -> str:
    return key_of(sweep.space, sweep.base, point)


def _drawn(sweep: Sweep, number: int) -> dict[str, Any]:
    (point,) = sweep.space.random(1, sweep.seed + number)
    return params_of(point, sweep.space)


def _tell(study: Study, sweep: Sweep, trial: Trial) -> None:
    failed = trial.state == "failed" or not trial.curve
    study.add_trial(
        optuna.create_trial(
            state=TrialState.FAIL if failed else TrialState.COMPLETE,
            values=None if failed else [trial.metrics[name] for name in sweep.metrics],
            params=params_of(trial.point, sweep.space),
            distributions=distributions(sweep.space),
        )
    )
