"""Optuna as a search uses it: no merge twice, and told of the trials of an earlier run."""

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.trial import TrialState
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from ensemble.tune_journal import Trial
from ensemble.tune_meaning import key_of, once
from ensemble.tune_space import Space

TRIES = 20
"""Points that the sampler may choose again before one is drawn at random."""
MOST_TRIES = 1000


class Chooser(OptunaSearch):
    """A sampler of Optuna over a space.

    Args:
        space: It has a name to vary.
        wanted: Metrics to raise.
        sampler: Chooses points.
    """

    def __init__(
        self, space: Space, wanted: Sequence[str], sampler: optuna.samplers.BaseSampler
    ) -> None:
        self._distributions = space.distributions()
        modes = ["max"] * len(wanted)
        super().__init__(self._distributions, metric=list(wanted), mode=modes, sampler=sampler)
        self._merges, self._seen = space, set[tuple[tuple[str, Any], ...]]()
        self._draws = optuna.samplers.RandomSampler(seed=0)

    def begin(self, done: Sequence[Trial]) -> None:
        """Tell the sampler of finished trials; without any, what to try first."""
        assert self._ot_study is not None
        for trial in done:
            self._seen.add(key_of(self._merges, trial.point))
            # Only the values that its merge read, which are all that a journal has.
            known = {n: v for n, v in trial.point.items() if n in self._distributions}
            told = optuna.trial.create_trial(
                values=[trial.result[name] for name in self._metric],
                params=known,
                distributions={name: self._distributions[name] for name in known},
            )
            self._ot_study.add_trial(told)
        for point in () if done else once(self._merges, self._merges.first_points()):
            self._ot_study.enqueue_trial(dict(point))

    def suggest(self, trial_id: str) -> Any:
        """The point of a trial; that nothing is left where all merges were tried."""
        if trial_id in self._ot_trials:
            return super().suggest(trial_id)
        study = self._ot_study
        assert study is not None
        for number in range(MOST_TRIES):
            point = super().suggest(trial_id) or {}
            key = key_of(self._merges, point)
            if key not in self._seen:
                self._seen.add(key)
                return point
            study.tell(self._ot_trials.pop(trial_id), state=TrialState.FAIL)
            if number >= TRIES:
                study.enqueue_trial(self._drawn())
        return Searcher.FINISHED

    def _drawn(self) -> dict[str, Any]:
        study = optuna.create_study(sampler=self._draws)
        return study.ask(fixed_distributions=self._distributions).params
