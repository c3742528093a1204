"""What may be searched on a variant, and the points of a space."""

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtail.config.classifiers import Equalization, Seesaw
from longtail.config.search_space import (
    Choice,
    Dimension,
    Integer,
    LogUniform,
    SearchSpace,
    Uniform,
)
from longtail.config.stages import SGD, Stage
from longtail.config.variant import Variant

BASE = Variant(stages=(Stage(), Stage(classifier=Equalization(), recreate=("classifier",))))
TAIL, RATE = "stages.1.classifier.tail_frequency", "stages.1.optimizer.base_lr"
NMS, KEPT = "inference.nms_iou", "inference.detections_per_image"
SPACE = SearchSpace({TAIL: LogUniform(1e-4, 1e-2), NMS: Uniform(0.3, 0.8), KEPT: Integer(100, 300)})
FINITE = SearchSpace({KEPT: Integer(1, 3), NMS: Choice((0.3, 0.5))})


def test_a_point_is_the_variant_that_one_would_write_by_hand() -> None:
    SPACE.check(BASE)
    point = {TAIL: 1.7e-3, NMS: 0.6, KEPT: 200}
    first, second = BASE.stages
    by_hand = BASE.replace(
        stages=(first, second.replace(classifier=Equalization(tail_frequency=1.7e-3))),
        inference=BASE.inference.replace(nms_iou=0.6, detections_per_image=200),
    )
    assert SPACE.at(BASE, point) == by_hand
    assert SPACE.at(BASE, point).fingerprint() == by_hand.fingerprint()


def test_a_word_switches_a_component() -> None:
    space = SearchSpace({"stages.1.classifier": Choice(("equalization", "seesaw"))})
    space.check(BASE)
    point = {"stages.1.classifier": "seesaw"}
    assert space.at(BASE, point).stages[1].classifier == Seesaw()


@pytest.mark.parametrize(
    ("path", "dimension", "words"),
    [
        ("stages.1.clasifier", Uniform(0, 1), "no field 'clasifier'; here: augmentations"),
        ("stages.2.freeze", Uniform(0, 1), "'2' is no index here; there are 2 items"),
        ("seed", Choice((0, 1)), "the best of several seeds is luck"),
        ("rules", Choice(("none", "2019")), "changes nothing that is computed"),
        (NMS, Uniform(0.3, 1.5), "less than or equal to 1 (got 1.5)"),
        (NMS, Uniform(0.8, 0.3), "the first end must be below the second"),
        (NMS, Uniform(0.5, 0.5), "the first end must be below the second"),
        (NMS, Uniform(0.3, float("nan")), "the first end must be below the second"),
        (RATE, LogUniform(0.0, 1.0), "has no logarithm; begin above 0, or use uniform"),
        (RATE, Choice((0.1, "high")), "unable to parse string as a number"),
        (RATE, Choice((0.1, [0.2])), "[0.2] is not one value"),
        (RATE, Choice(()), "nothing to choose from"),
        (RATE, Choice((1, 1.0)), "1 and 1.0 of choice(1, 1.0) are the same variant"),
        (KEPT, Uniform(100, 300), "takes no fractions (now 300); use int(LOW,HIGH)"),
        ("stages.0.mixed_precision", Uniform(0, 1), "takes no fractions (now True)"),
        ("stages.1.recreate", Choice((None, "x")), "give a list as JSON"),
        (
            "stages.1.schedule.warmup_iterations",
            Integer(0, 90_000),
            "must be below iterations 90000",
        ),
    ],
)
def test_a_wrong_dimension_names_path_value_and_remedy(
    path: str, dimension: Dimension, words: str
) -> None:
    with pytest.raises(ValueError) as caught:
        SearchSpace({path: dimension}).check(BASE)
    assert path in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("dimensions", [{}, {NMS: Choice((0.5,)), KEPT: Integer(3, 3)}])
def test_a_space_in_which_nothing_varies_is_refused(dimensions: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="nothing varies: give at least one range"):
        SearchSpace(dimensions).check(BASE)


def test_a_field_inside_a_component_that_varies_is_refused() -> None:
    space = SearchSpace(
        {"stages.1.classifier": Choice(("seesaw", "equalization")), TAIL: LogUniform(1e-4, 1e-2)}
    )
    with pytest.raises(ValueError, match=r"lies within stages\.1\.classifier, which varies too"):
        space.check(BASE)


def test_the_order_of_dimensions_does_not_matter() -> None:
    turned = SearchSpace(dict(reversed(list(FINITE.dimensions.items()))))
    assert turned == FINITE
    assert turned.describe() == FINITE.describe()
    assert turned.grid() == FINITE.grid()
    assert turned.random(4, seed=1) == FINITE.random(4, seed=1)


def test_a_grid_holds_every_point_once_the_last_path_fastest() -> None:
    expected = [{KEPT: a, NMS: b} for a, b in itertools.product((1, 2, 3), (0.3, 0.5))]
    assert FINITE.grid() == expected
    assert FINITE.size == len(expected)


def test_a_continuous_range_has_no_grid() -> None:
    with pytest.raises(
        ValueError, match=r"nms_iou: uniform\(0.3, 0.8\) is continuous; give a list"
    ):
        SPACE.grid()
    assert SPACE.size is None


def test_the_same_seed_gives_the_same_points_and_more_of_them_begin_alike() -> None:
    assert SPACE.random(20, seed=3)[:5] == SPACE.random(5, seed=3)
    assert SPACE.random(5, seed=3) != SPACE.random(5, seed=4)
    assert FINITE.random(6, seed=0)[:4] == FINITE.random(4, seed=0)


@pytest.mark.parametrize("number", [0, 1, 5, 6, 9])
def test_random_points_of_a_finite_space_never_repeat(number: int) -> None:
    points = FINITE.random(number, seed=0)
    assert len(points) == min(number, 6)
    assert all(point in FINITE.grid() for point in points)
    assert len({tuple(point.values()) for point in points}) == len(points)


def test_random_points_are_spread_as_their_range_says() -> None:
    points = SPACE.random(4000, seed=0)
    tails = np.log10([point[TAIL] for point in points])
    quarters = np.histogram(tails, bins=4, range=(-4, -2))[0] / len(points)
    assert np.allclose(quarters, 0.25, atol=0.03)
    counts = np.bincount([point[KEPT] - 100 for point in points], minlength=201)
    assert len(counts) == 201
    assert (counts > 0).mean() > 0.99
    assert all(type(point[KEPT]) is int and type(point[NMS]) is float for point in points)


@settings(deadline=None, max_examples=200)
@given(st.floats(1e-9, 1e6), st.floats(1.0, 1e3), st.floats(0, 1))
def test_rounding_keeps_four_digits_and_stays_inside(low: float, ratio: float, at: float) -> None:
    high = low * ratio
    space = SearchSpace({RATE: LogUniform(low, high)})
    value = space.rounded({RATE: min(low + at * (high - low), high)})[RATE]
    assert low <= value <= high
    assert value in (low, high) or value == float(f"{value:.4g}")
    assert space.rounded({RATE: value}) == {RATE: value}


def test_random_points_pass_through_json_unchanged() -> None:
    points = SPACE.random(50, seed=0)
    assert json.loads(json.dumps(points)) == points


def test_a_description_tells_spaces_apart() -> None:
    described = SPACE.describe()
    assert described[TAIL] == {"kind": "loguniform", "low": 1e-4, "high": 1e-2}
    assert FINITE.describe()[NMS] == {"kind": "choice", "values": [0.3, 0.5]}
    wider = SearchSpace({**SPACE.dimensions, TAIL: LogUniform(1e-4, 1e-1)})
    assert wider.describe() != described


def test_a_learning_rate_is_searched_on_whatever_optimizer_there_is() -> None:
    space = SearchSpace({RATE: LogUniform(1e-3, 1e-1)})
    assert space.at(BASE, {RATE: 0.05}).stages[1].optimizer == SGD(base_lr=0.05)
