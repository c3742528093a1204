"""How much of what a metric varies by each searched path explains."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from longtail.config.search_space import LogUniform, SearchSpace
from longtail.sweep.analysis.comparable_trials import ComparableTrials
from longtail.sweep.search.distributions import distributions, params_of
from longtail.sweep.trial import Trial

MIN_TRIALS = 4
SEED = 0


@dataclass(frozen=True)
class Importances:
    """What functional analysis of variance says of the searched paths.

    Attributes:
        shares: By path, falling, 1 in all: the share of the variance over the whole space that the
            path alone explains, of what single paths explain; None where that cannot be said.
        reason: Why not, else empty.
        basis: The trials that it is said of, for people.
    """

    shares: dict[str, float] | None
    reason: str
    basis: str


def importances(
    space: SearchSpace, trials: Sequence[Trial], level: ComparableTrials
) -> Importances:
    """fANOVA of a forest of random trees fitted to the trials (Hutter et al. 2014), with a fixed
    seed.

    Ranges searched by their logarithm count by their logarithm, which optuna alone would not do:
    there a decade of small values would weigh next to nothing.

    Args:
        space: What was searched.
        trials: The trials of a sweep.
        level: Those of them that are compared, and their metric.
    """
    used = [trial for trial in trials if trial.number in level.values]
    reason = _reason_against(used, level)
    if reason:
        return Importances(None, reason, level.words)
    # A study announces itself on standard error.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    areas = {path: _straightened(area) for path, area in distributions(space).items()}
    study.add_trials(
        optuna.create_trial(
            params=_straight_params(trial, space),
            distributions=areas,
            value=level.values[trial.number],
        )
        for trial in used
    )
    shares = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=SEED))
    falling = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return Importances({path: float(share) for path, share in falling}, "", level.words)


def _reason_against(used: Sequence[Trial], level: ComparableTrials) -> str:
    if len(used) < MIN_TRIALS:
        return f"{MIN_TRIALS} trials are needed, and there are {level.words}"
    if len(set(level.values.values())) == 1:
        return f"all {level.words} have the same value"
    if all(trial.point == used[0].point for trial in used):
        return f"all {level.words} are the same point"
    return ""


def _straightened(area: BaseDistribution) -> BaseDistribution:
    if isinstance(area, FloatDistribution) and area.log:
        return FloatDistribution(math.log10(area.low), math.log10(area.high))
    return area


def _straight_params(trial: Trial, space: SearchSpace) -> dict[str, Any]:
    params = params_of(trial.point, space)
    return {
        path: math.log10(value) if isinstance(space.dimensions[path], LogUniform) else value
        for path, value in params.items()
    }
