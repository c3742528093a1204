"""Every trial as a line through its values."""

import pytest
from support.dashboards.searches import svg_of
from support.sweep_scene import LAMBDA, halved_trials, sweep_of, trial_of

from dashboards.figures.search.parallel import (
    NOT_DEFINED,
    NOT_READ,
    UNREAD,
    line_table,
    parallel,
    tick_table,
)
from longtail.config.search_space import Choice, LogUniform
from longtail.sweep.analysis.axis import Axis

AXES = [
    Axis(LAMBDA, "tail_frequency", LogUniform(1e-4, 1e-1), 3),
    Axis("a", "a", Choice(("x", "y")), 2),
]
TRIALS = [
    trial_of(0, {"AP": 0.3, "APr": 0.1}, {LAMBDA: 1e-3, "a": "y"}),
    trial_of(1, {"AP": 0.2, "APr": -1.0}, {LAMBDA: 1e-4}),
    trial_of(2, {"AP": 0.25, "APr": 0.2}, {LAMBDA: 1e-1, "a": "x"}, state="stopped"),
]


def test_a_line_goes_through_the_places_of_its_values() -> None:
    table = line_table(["AP", "APr"], AXES, TRIALS, best=0)
    assert list(dict.fromkeys(table["trial"])) == [2, 1, 0]
    best = table[table["trial"] == 0]
    assert list(best["place"]) == [0, 1, 2, 3]
    assert list(best["y"][:2]) == pytest.approx([1 / 3, 0.75])
    assert list(best["at"]) == ["0.001", "y", "30.00", "10.00"]
    assert set(best["state"]) == {"best"} and best["is_good"].all()
    assert not table[table["trial"] == 2]["is_good"].any()


def test_what_a_trial_did_not_read_or_define_has_a_place_of_its_own() -> None:
    table = line_table(["AP", "APr"], AXES, TRIALS, best=0)
    holes = table[(table["trial"] == 1) & (table["y"] == UNREAD)]
    assert list(holes["at"]) == [NOT_READ, NOT_DEFINED]
    ticks = tick_table(["AP", "APr"], AXES, TRIALS)
    assert list(ticks[ticks["y"] == UNREAD]["text"]) == [NOT_READ, NOT_DEFINED]
    assert {"0.0001", "0.1"} <= set(ticks[ticks["place"] == 0]["text"])


def test_none_is_a_value_below_the_numbers() -> None:
    axis = Axis("a", "a", Choice((0.5, None, 0.1)), 3)
    trials = [trial_of(0, 0.1, {"a": None}), trial_of(1, 0.2, {"a": 0.1})]
    table = line_table(["AP"], [axis], trials, best=1)
    of_path = table[table["place"] == 0].set_index("trial")
    assert of_path["at"].to_dict() == {0: "none", 1: "0.1"}
    assert of_path["y"].to_dict() == {0: pytest.approx(1 / 6), 1: pytest.approx(0.5)}
    assert tick_table(["AP"], [axis], trials)["text"][:3].tolist() == ["none", "0.1", "0.5"]


def test_long_words_at_an_axis_differ() -> None:
    words = [f"balanced_group_softmax_with_{n}_groups" for n in ("three", "four")]
    texts = tick_table(["AP"], [Axis("a", "a", Choice((*words,)), 2)], [])["text"][:2].tolist()
    assert len({*texts}) == 2 and all("\u2026" in text for text in texts)


def test_trials_without_the_first_metric_are_left_out() -> None:
    figure = parallel("p", ["APr"], AXES, TRIALS, best=0)
    assert set(figure.tables["p"]["trial"]) == {0, 2}
    assert "Grey lines were stopped early" in figure.text


@pytest.mark.parametrize("number", [1, 300])
def test_one_trial_and_hundreds_are_drawn(number: int, capfd: pytest.CaptureFixture[str]) -> None:
    sweep = sweep_of()
    axes = [Axis(path, path[-20:], area, 3) for path, area in sweep.space.dimensions.items()]
    figure = parallel("p", ["AP"], axes, halved_trials(sweep, number), best=0)
    assert len(figure.tables["p"]) == 4 * number
    svg = svg_of(figure)
    assert ">AP in points<" in svg and ">0.01<" in svg
    assert "WARN" not in capfd.readouterr().err
