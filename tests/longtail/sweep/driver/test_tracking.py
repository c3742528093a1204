"""Parameters of trials as MLflow's charts need them."""

from longtail.config.search_space import Choice, LogUniform, SearchSpace, Uniform
from longtail.sweep.driver.tracking import logarithms


def test_what_is_drawn_by_its_logarithm_is_there_as_one() -> None:
    space = SearchSpace(
        {
            "stages.0.rate": LogUniform(1e-4, 1.0),
            "stages.0.alpha": Uniform(0.1, 1.0),
            "stages.0.word": Choice(("a", "b")),
        }
    )
    point = {"stages.0.rate": 0.001, "stages.0.alpha": 0.1, "stages.0.word": "a"}
    assert logarithms(point, space) == {"log10_rate": -3.0}


def test_dimensions_that_end_alike_keep_their_paths() -> None:
    space = SearchSpace({"a.rate": LogUniform(0.1, 1.0), "b.rate": LogUniform(0.1, 1.0)})
    assert logarithms({"a.rate": 0.1, "b.rate": 1.0}, space) == {
        "log10_a.rate": -1.0,
        "log10_b.rate": 0.0,
    }
