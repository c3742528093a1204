"""A sampler that tries no point twice, and knows the trials of earlier runs."""

from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from ray.tune.search.optuna import OptunaSearch

from longtail.search.sampler import EarlierTrial, SampledSpace, UniqueSampler, resumed_sampler

COLOURS = ("red", "green", "blue", "RED")
CHOICES = {"colour": CategoricalDistribution(COLOURS)}
RANGE = {"x": FloatDistribution(0.0, 1.0)}


def key_of(params: dict[str, Any]) -> str:
    """Colours in capitals mean the same."""
    return str(params.get("colour", params.get("x"))).lower()


def draw(number: int) -> dict[str, Any]:
    return {"colour": COLOURS[number % len(COLOURS)]}


CHOSEN = SampledSpace(CHOICES, key_of, draw)


def suggested(sampler: UniqueSampler, number: int) -> list[Any]:
    return [sampler.suggest(f"t{place}") for place in range(number)]


def test_every_point_is_tried_once_and_then_none_is_left() -> None:
    found = suggested(resumed_sampler(CHOSEN, ["AP"], 0, [], []), 4)
    assert sorted(key_of(params) for params in found[:3]) == ["blue", "green", "red"]
    assert found[3] == "FINISHED"


def test_a_trial_that_asks_again_gets_the_same() -> None:
    sampler = resumed_sampler(CHOSEN, ["AP"], 0, [], [])
    assert sampler.suggest("t") == sampler.suggest("t")


def test_first_points_come_first() -> None:
    first = [{"colour": "blue"}, {"colour": "green"}]
    assert suggested(resumed_sampler(CHOSEN, ["AP"], 0, [], first), 2) == first


@pytest.mark.parametrize("metrics", [["AP"], ["AP", "APr"]])
def test_earlier_trials_are_told_and_not_tried_again(metrics: list[str]) -> None:
    values = [0.3, 0.1][: len(metrics)]
    earlier = [
        EarlierTrial("red", {"colour": "red", "beyond": 1}, values),
        EarlierTrial("green", {"colour": "green"}, None),
    ]
    sampler = resumed_sampler(CHOSEN, metrics, 0, earlier, [])
    told = sampler.study.trials
    assert [trial.state.name for trial in told] == ["COMPLETE", "FAIL"]
    assert told[0].values == values and told[0].params == {"colour": "red"}
    assert suggested(sampler, 2) == [{"colour": "blue"}, "FINISHED"]


def test_a_rerun_draws_other_numbers_than_the_first_run() -> None:
    space = SampledSpace(RANGE, key_of, lambda _: {})
    before = suggested(resumed_sampler(space, ["AP"], 0, [], []), 3)
    earlier = [EarlierTrial(key_of(params), params, [0.1]) for params in before]
    after = suggested(resumed_sampler(space, ["AP"], 0, earlier, []), 3)
    assert before == suggested(resumed_sampler(space, ["AP"], 0, [], []), 3)
    assert not [params for params in after if params in before]


def test_ray_keeps_its_study_and_open_trials_where_the_sampler_looks() -> None:
    search = OptunaSearch(RANGE, metric="AP", mode="max")
    params = search.suggest("t")
    study, trials = getattr(search, "_ot_study", None), getattr(search, "_ot_trials", {})
    assert isinstance(study, optuna.Study) and list(trials) == ["t"], (
        "this version of Ray's OptunaSearch has its study or its open trials elsewhere than in"
        " `_ot_study` and `_ot_trials`: change longtail/search/sampler.py, which tells the study of"
        " earlier trials and gives points back that were tried"
    )
    assert trials["t"].params == params
