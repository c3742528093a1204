"""A search space as optuna knows it."""

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from longtail.config.search_space import Choice, Integer, LogUniform, SearchSpace, Uniform
from longtail.sweep.search.distributions import distributions, params_of, point_of

SPACE = SearchSpace(
    {
        "a": Choice((None, 1, True, "1", [1, 2], {"name": "linear"})),
        "b": Uniform(0.0, 1.0),
        "c": LogUniform(1e-4, 1e-2),
        "d": Integer(1, 5),
    }
)


def test_each_kind_of_dimension_has_its_distribution() -> None:
    texts = ["null", "1", "true", '"1"', "[1, 2]", '{"name": "linear"}']
    assert distributions(SPACE) == {
        "a": CategoricalDistribution(texts),
        "b": FloatDistribution(0.0, 1.0),
        "c": FloatDistribution(1e-4, 1e-2, log=True),
        "d": IntDistribution(1, 5),
    }


def test_optuna_takes_every_point_and_gives_it_back() -> None:
    for value in (None, 1, True, "1", [1, 2], {"name": "linear"}):
        point = {"a": value, "b": 0.25, "c": 1e-3, "d": 3}
        trial = optuna.create_trial(
            params=params_of(point, SPACE), distributions=distributions(SPACE), value=0.5
        )
        back = point_of(trial.params, SPACE)
        assert back == point
        assert type(back["a"]) is type(value)


def test_points_that_optuna_draws_lie_in_the_space() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        point = point_of(study.ask(distributions(SPACE)).params, SPACE)
        assert list(point) == ["a", "b", "c", "d"]
        assert 1e-4 <= point["c"] <= 1e-2
        assert isinstance(point["d"], int)
