"""Optuna as Ray Tune uses it, told of the trials that a sweep has already."""

from collections.abc import Iterable, Sequence
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import TrialState
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from longtail.config.search_space import Point
from longtail.sweep.distributions import distributions, params_of, point_of
from longtail.sweep.layout import key_of
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

STUDY = "sweep"
TRIES = 20
"""Points that the sampler may choose again before one is drawn at random."""
MOST_TRIES = 1000


class OnceEach(OptunaSearch):
    """Optuna as Tune uses it, without points that mean the same variant as an earlier one.

    Args:
        sweep: What is searched.
        tried: Points of earlier runs.
        options: Those of `OptunaSearch`.
    """

    def __init__(self, sweep: Sweep, tried: Iterable[Point], **options: Any) -> None:
        super().__init__(distributions(sweep.space), **options)
        self._sweep = sweep
        self._seen = {self._key(point) for point in tried}

    def suggest(self, trial_id: str) -> Any:
        """The parameters of a trial; that nothing is left where all points were tried."""
        if trial_id in self._ot_trials:
            return super().suggest(trial_id)
        study = self._ot_study
        assert study is not None, "the space is given to the constructor"
        for number in range(MOST_TRIES):
            params = super().suggest(trial_id) or {}
            key = self._key(self._sweep.space.rounded(point_of(params, self._sweep.space)))
            if key not in self._seen:
                self._seen.add(key)
                return params
            study.tell(self._ot_trials.pop(trial_id), state=TrialState.FAIL)
            if number >= TRIES:
                (drawn,) = self._sweep.space.random(1, self._sweep.seed + number)
                study.enqueue_trial(params_of(drawn, self._sweep.space))
        return Searcher.FINISHED

    def _key(self, point: Point) -> str:
        return key_of(self._sweep.space, self._sweep.base, point)


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
    return OnceEach(
        sweep,
        [trial.point for trial in ended],
        metric=list(sweep.metrics) if several else sweep.metrics[0],
        mode=["max"] * len(sweep.metrics) if several else "max",
        sampler=optuna.samplers.TPESampler(seed=sweep.seed + len(ended)),
        study_name=STUDY,
        storage=storage,
    )


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
