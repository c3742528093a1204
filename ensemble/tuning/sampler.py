"""Optuna as a search uses it: no merge twice, and told of the trials of an earlier run."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import optuna

from ensemble.tuning.journal import Trial
from ensemble.tuning.objective.meaning import key_of, once
from ensemble.tuning.objective.space import Space
from longtail.ray_cluster.once_each import OnceEach


class Chooser(OnceEach):
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
        super().__init__(
            self._distributions,
            partial(key_of, space),
            self._drawn,
            metric=list(wanted),
            mode=modes,
            sampler=sampler,
        )
        self._merges = space
        self._draws = optuna.samplers.RandomSampler(seed=0)

    def begin(self, done: Sequence[Trial]) -> None:
        """Tell the sampler of finished trials; without any, what to try first."""
        assert self._ot_study is not None
        for trial in done:
            self.seen.add(key_of(self._merges, trial.point))
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

    def _drawn(self, _: int) -> dict[str, Any]:
        study = optuna.create_study(sampler=self._draws)
        return study.ask(fixed_distributions=self._distributions).params
