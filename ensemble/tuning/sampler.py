"""The points of a search: TPE that is told of earlier trials, over merges that differ."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import optuna

from ensemble.tuning.journal import Trial
from ensemble.tuning.objective.meaning import key_of, once
from ensemble.tuning.objective.space import Space
from longtail.search.sampler import EarlierTrial, SampledSpace, UniqueSampler, resumed_sampler


def build_sampler(
    space: Space, wanted: Sequence[str], seed: int, done: Sequence[Trial]
) -> UniqueSampler:
    """The sampler of a search, which begins with `Space.first_points`.

    Args:
        space: It has a name to vary.
        wanted: Metrics to raise.
        seed: Of the search.
        done: Finished trials.
    """
    distributions = space.distributions()
    draw = partial(_draw, distributions, optuna.samplers.RandomSampler(seed=0))
    return resumed_sampler(
        SampledSpace(distributions, partial(key_of, space), draw),
        wanted,
        seed,
        [
            # Only the values that its merge read, which are all that a journal has.
            EarlierTrial(key_of(space, t.point), t.point, [t.result[name] for name in wanted])
            for t in done
        ],
        [] if done else [dict(point) for point in once(space, space.first_points())],
    )


def _draw(
    distributions: dict[str, Any], sampler: optuna.samplers.BaseSampler, _: int
) -> dict[str, Any]:
    study = optuna.create_study(sampler=sampler)
    return study.ask(fixed_distributions=distributions).params
