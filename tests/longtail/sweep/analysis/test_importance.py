"""What each searched path explains."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from support.sweep_scene import trial_of

from longtail.config.search_space import Choice, Integer, LogUniform, SearchSpace, Uniform
from longtail.sweep.analysis.comparable_trials import comparable_trials
from longtail.sweep.analysis.importance import Importances, importances
from longtail.sweep.trial import Trial

SQUARE = SearchSpace({"x": Uniform(0.0, 1.0), "y": Uniform(0.0, 1.0)})


def trials_of(
    space: SearchSpace, number: int, value: Callable[[dict[str, Any]], float]
) -> list[Trial]:
    points = [dict(point) for point in space.random(number, seed=0)]
    return [trial_of(n, value(point), point) for n, point in enumerate(points)]


def assessed(space: SearchSpace, trials: list[Trial]) -> Importances:
    return importances(space, trials, comparable_trials(trials, "AP"))


def test_a_path_without_effect_has_almost_no_share() -> None:
    shares = assessed(SQUARE, trials_of(SQUARE, 100, lambda point: point["y"])).shares
    assert shares is not None
    assert list(shares) == ["y", "x"]
    assert shares["y"] > 0.98
    assert sum(shares.values()) == pytest.approx(1)


def test_shares_of_a_sum_are_those_of_its_variances() -> None:
    # The variances of x and of 2 y are as 1 to 4.
    found = assessed(SQUARE, trials_of(SQUARE, 200, lambda p: (p["x"] + 2 * p["y"]) / 10))
    assert found.shares == pytest.approx({"x": 0.2, "y": 0.8}, abs=0.05)


def test_a_range_searched_by_its_logarithm_counts_by_its_logarithm() -> None:
    space = SearchSpace({"x": LogUniform(1e-4, 1.0), "y": Uniform(0.0, 4.0)})
    trials = trials_of(space, 200, lambda p: (4 + math.log10(p["x"]) + p["y"]) / 10)
    assert assessed(space, trials).shares == pytest.approx({"x": 0.5, "y": 0.5}, abs=0.07)


def test_choices_and_whole_numbers_are_assessed() -> None:
    space = SearchSpace({"x": Choice((None, "word", True)), "y": Integer(1, 5)})
    shares = assessed(space, trials_of(space, 40, lambda p: 0.3 if p["x"] else 0.1)).shares
    assert shares is not None and shares["x"] > 0.95


def test_the_same_trials_give_the_same_shares() -> None:
    trials = trials_of(SQUARE, 20, lambda point: point["x"] * point["y"])
    assert assessed(SQUARE, trials) == assessed(SQUARE, trials)


def test_too_few_trials_or_no_difference_is_a_reason() -> None:
    few = assessed(SQUARE, trials_of(SQUARE, 3, lambda point: point["x"]))
    assert few.shares is None
    assert few.reason == "4 trials are needed, and there are 3 finished trials"
    flat = assessed(SQUARE, trials_of(SQUARE, 12, lambda point: 0.2))
    assert flat.reason == "all 12 finished trials have the same value"
    same = [trial_of(n, n / 100, {"x": 0.5, "y": 0.5}) for n in range(5)]
    assert assessed(SQUARE, same).reason == "all 5 finished trials are the same point"
