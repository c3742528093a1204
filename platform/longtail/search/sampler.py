"""Optuna as Ray Tune uses it: no point is tried twice, and trials of earlier runs are known."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import TrialState
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

TRIES = 20
"""Points that the sampler may choose again before one is drawn at random."""
MOST_TRIES = 1000

Params = dict[str, Any]


@dataclass(frozen=True)
class SampledSpace:
    """A search space as the sampler sees it.

    Attributes:
        distributions: Optuna's, by name.
        key_of: Equal for parameters that mean the same.
        draw: Parameters at random, others for every number.
    """

    distributions: Mapping[str, BaseDistribution]
    key_of: Callable[[Params], Hashable]
    draw: Callable[[int], Params]


@dataclass(frozen=True)
class EarlierTrial:
    """A trial of an earlier run of the same search.

    Attributes:
        key: As `SampledSpace.key_of` has it.
        params: Those that are known; names outside of the space are left out.
        values: The metrics to raise; None if it failed.
    """

    key: Hashable
    params: Params
    values: Sequence[float] | None


class UniqueSampler(OptunaSearch):
    """A sampler of Optuna that tries no point twice.

    Args:
        space: What varies.
        metrics: What to raise, by the names that trials report.
        sampler: Chooses points.
    """

    def __init__(
        self,
        space: SampledSpace,
        metrics: Sequence[str],
        sampler: optuna.samplers.BaseSampler,
    ) -> None:
        several = len(metrics) > 1
        super().__init__(
            dict(space.distributions),
            metric=list(metrics) if several else metrics[0],
            mode=["max"] * len(metrics) if several else "max",
            sampler=sampler,
        )
        self._sampled, self._seen = space, set[Hashable]()

    @property
    def study(self) -> Study:
        """Optuna's record of all trials, those of earlier runs included."""
        assert self._ot_study is not None, "the space is given to the constructor"
        return self._ot_study

    def tell_earlier(self, trials: Iterable[EarlierTrial]) -> None:
        """Know trials of earlier runs."""
        areas = self._sampled.distributions
        for trial in trials:
            self._seen.add(trial.key)
            params = {name: value for name, value in trial.params.items() if name in areas}
            failed = trial.values is None
            told = optuna.create_trial(
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
                values=trial.values,
                params=params,
                distributions={name: areas[name] for name in params},
            )
            self.study.add_trial(told)

    def suggest(self, trial_id: str) -> Any:
        """The parameters of a trial; that nothing is left where all points were tried."""
        if trial_id in self._ot_trials:
            return super().suggest(trial_id)
        for number in range(MOST_TRIES):
            params = super().suggest(trial_id) or {}
            key = self._sampled.key_of(params)
            if key not in self._seen:
                self._seen.add(key)
                return params
            self.study.tell(self._ot_trials.pop(trial_id), state=TrialState.FAIL)
            if number >= TRIES:
                self.study.enqueue_trial(self._sampled.draw(number))
        return Searcher.FINISHED


def resumed_sampler(
    space: SampledSpace,
    metrics: Sequence[str],
    seed: int,
    earlier: Sequence[EarlierTrial],
    first: Iterable[Params],
) -> UniqueSampler:
    """TPE that goes on from the trials of earlier runs.

    Its random numbers depend on how many there are: with the same seed it would begin with the
    points that it began with then.

    Args:
        space: What varies.
        metrics: What to raise.
        seed: Of the search.
        earlier: Trials of earlier runs.
        first: Points to try before any other.
    """
    sampler = optuna.samplers.TPESampler(seed=seed + len(earlier))
    found = UniqueSampler(space, metrics, sampler)
    found.tell_earlier(earlier)
    for params in first:
        found.study.enqueue_trial(params)
    return found
