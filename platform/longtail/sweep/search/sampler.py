"""The points of a search: TPE that is told of the trials which the sweep has already."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from longtail.config.search_space import Point
from longtail.search.sampler import EarlierTrial, SampledSpace, UniqueSampler, resumed_sampler
from longtail.sweep.layout import key_of
from longtail.sweep.request import Sweep
from longtail.sweep.search.distributions import distributions, params_of, point_of
from longtail.sweep.trial import Trial


def build_sampler(sweep: Sweep, ended: Sequence[Trial], first: Iterable[Point]) -> UniqueSampler:
    """The sampler of a sweep.

    Args:
        sweep: What is searched.
        ended: Trials of earlier runs; of one that was stopped the last evaluation counts.
        first: Points to try before any other.
    """
    return resumed_sampler(
        SampledSpace(distributions(sweep.space), partial(_key_of, sweep), partial(_draw, sweep)),
        sweep.metrics,
        sweep.seed,
        [_earlier(sweep, trial) for trial in ended],
        [params_of(point, sweep.space) for point in first],
    )


def _key_of(sweep: Sweep, params: dict[str, Any]) -> str:
    point = sweep.space.rounded(point_of(params, sweep.space))
    return key_of(sweep.space, sweep.base, point)


def _draw(sweep: Sweep, number: int) -> dict[str, Any]:
    (point,) = sweep.space.random(1, sweep.seed + number)
    return params_of(point, sweep.space)


def _earlier(sweep: Sweep, trial: Trial) -> EarlierTrial:
    failed = trial.state == "failed" or not trial.intermediate_values
    return EarlierTrial(
        key_of(sweep.space, sweep.base, trial.point),
        params_of(trial.point, sweep.space),
        None if failed else [trial.metrics[name] for name in sweep.metrics],
    )
