"""Optuna as Ray Tune uses it, without points that mean the same as an earlier one."""

from collections.abc import Callable, Hashable
from typing import Any

from optuna.trial import TrialState
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

TRIES = 20
"""Points that the sampler may choose again before one is drawn at random."""
MOST_TRIES = 1000

Params = dict[str, Any]


class OnceEach(OptunaSearch):
    """A sampler of Optuna that tries no point twice.

    Args:
        space: Optuna's distributions by name.
        key_of: Equal for parameters that mean the same.
        draw: Parameters at random, others for every number.
        options: Those of `OptunaSearch`.
    """

    def __init__(
        self,
        space: Params,
        key_of: Callable[[Params], Hashable],
        draw: Callable[[int], Params],
        **options: Any,
    ) -> None:
        super().__init__(space, **options)
        self._key_of, self._draw = key_of, draw
        self.seen: set[Hashable] = set()
        """Keys of points that were tried, those of earlier runs included."""

    def suggest(self, trial_id: str) -> Any:
        """The parameters of a trial; that nothing is left where all points were tried."""
        if trial_id in self._ot_trials:
            return super().suggest(trial_id)
        study = self._ot_study
        assert study is not None, "the space is given to the constructor"
        for number in range(MOST_TRIES):
            params = super().suggest(trial_id) or {}
            key = self._key_of(params)
            if key not in self.seen:
                self.seen.add(key)
                return params
            study.tell(self._ot_trials.pop(trial_id), state=TrialState.FAIL)
            if number >= TRIES:
                study.enqueue_trial(self._draw(number))
        return Searcher.FINISHED
