"""Points that mean the same variant are tried once."""

from dataclasses import replace

import pytest
from support.sweep_scene import sweep_of

from experiments.variants import VARIANTS
from longtail.config.search_space import Choice, Integer, SearchSpace, Uniform
from longtail.sweep.layout import key_of, lay_out, num_distinct
from longtail.sweep.request import Sweep
from longtail.sweep.search.distributions import point_of
from longtail.sweep.search.sampler import build_sampler

BASE = VARIANTS["rhead_cat"]
RULE, TAIL, THRESHOLD = (
    f"inference.head_merge.{field}" for field in ("rule", "tail_below", "threshold")
)
FINITE = SearchSpace({RULE: Choice(("avg", "det", "cat")), TAIL: Choice((10, 100, 500))})


def test_a_grid_leaves_out_what_means_the_same() -> None:
    layout = lay_out(FINITE, BASE, "grid", 0, 0)
    assert [(point[RULE], point[TAIL]) for point in layout.points] == [
        ("avg", 10),
        ("det", 10),
        ("cat", 10),
        ("cat", 100),
        ("cat", 500),
    ]
    assert layout.num_alike == 4
    assert num_distinct(FINITE, BASE) == 5


@pytest.mark.parametrize("number", [1, 3, 5])
def test_random_points_mean_different_variants(number: int) -> None:
    points = lay_out(FINITE, BASE, "random", number, 0).points
    assert len({key_of(FINITE, BASE, point) for point in points}) == number
    assert lay_out(FINITE, BASE, "random", 5, 0).points[:number] == points


def test_a_space_without_effect_has_one_point() -> None:
    space = SearchSpace({THRESHOLD: Uniform(0.01, 0.2)})
    assert len(lay_out(space, BASE, "random", 20, 0).points) == 1
    with_effect = SearchSpace({THRESHOLD: Uniform(0.01, 0.2), RULE: Choice(("avg", "cat_thr"))})
    points = lay_out(with_effect, BASE, "random", 20, 0).points
    assert len(points) == 20 and sum(point[RULE] == "avg" for point in points) == 1


def test_points_that_break_a_rule_are_kept_to_be_told() -> None:
    space = SearchSpace({"stages.0.schedule.iterations": Integer(998, 1002)})
    assert len(lay_out(space, BASE, "grid", 0, 0).points) == 5


def sweep(space: SearchSpace) -> Sweep:
    return replace(sweep_of(), base=BASE, space=space, algorithm="optuna", num_trials=5)


def test_optuna_tries_every_meaning_once() -> None:
    told = sweep(FINITE)
    search = build_sampler(told, [], [{RULE: "avg", TAIL: 100}])
    found = [point_of(search.suggest(str(number)), FINITE) for number in range(5)]
    assert found[0] == {RULE: "avg", TAIL: 100}
    assert len({key_of(FINITE, BASE, point) for point in found}) == 5
    assert search.suggest("5") == "FINISHED"


def test_a_sweep_with_points_left_out_is_another_one() -> None:
    finite = replace(sweep(FINITE), algorithm="grid")
    assert finite.identity()["alike"] == "left out" and finite.num_alike == 4
    plain = replace(finite, space=SearchSpace({TAIL: Choice((10, 100))}))
    assert "alike" not in plain.identity()
