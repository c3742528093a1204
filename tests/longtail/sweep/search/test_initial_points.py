"""Points that are laid out before, and the first."""

from dataclasses import replace

from support.sweep_scene import BASE, DETECTIONS, LAMBDA, MASK, sweep_of

from longtail.config.search_space import Choice, Integer, LogUniform, SearchSpace
from longtail.sweep.search.initial_points import fixed_points, outside, start_point


def test_the_same_seed_gives_the_same_random_points() -> None:
    sweep = sweep_of()
    points = fixed_points(sweep)
    assert points is not None and len(points) == 8
    assert fixed_points(sweep) == points
    assert fixed_points(replace(sweep, seed=1)) != points
    longer = fixed_points(replace(sweep, num_trials=12))
    assert longer is not None and longer[:8] == points


def test_a_grid_has_all_its_points() -> None:
    space = SearchSpace({LAMBDA: Choice((0.1, 0.2, 0.3)), DETECTIONS: Integer(1, 2)})
    points = fixed_points(replace(sweep_of(), algorithm="grid", space=space))
    assert points is not None and len(points) == 6
    assert fixed_points(replace(sweep_of(), algorithm="optuna")) is None


def test_the_first_point_is_the_base() -> None:
    point = start_point(sweep_of())
    assert point == {LAMBDA: 0.00177, MASK: 1.0, DETECTIONS: 300}
    assert sweep_of().variant_at(point) == BASE


def test_a_base_outside_the_space_is_no_point() -> None:
    assert start_point(sweep_of({LAMBDA: LogUniform(0.01, 0.1)})) is None
    assert list(outside(sweep_of({LAMBDA: LogUniform(0.01, 0.1)}))) == [LAMBDA]
    assert outside(sweep_of()) == {}
    assert start_point(sweep_of({LAMBDA: Choice((0.01, 0.1))})) is None


def test_a_component_is_known_by_its_name() -> None:
    space = {"stages.1.classifier": Choice(("softmax", "equalization"))}
    assert start_point(sweep_of(space)) == {"stages.1.classifier": "equalization"}
