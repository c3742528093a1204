"""Searched values on an axis."""

import json

from dashboards.figures.search.looks import domain
from dashboards.figures.search.places import bin_ticks, place_axis, worded_axis, words_at
from longtail.config.search_space import Choice, Integer, LogUniform
from longtail.sweep.analysis.axis import Axis


def test_ranges_name_their_edges_and_choices_their_middles() -> None:
    edges = bin_ticks(Axis("a", "a", LogUniform(1e-4, 1e-1), 3))
    assert [text for _, text in edges] == ["0.0001", "0.001", "0.01", "0.1"]
    assert bin_ticks(Axis("a", "a", Choice(("x", "y")), 2)) == [(0.25, "x"), (0.75, "y")]
    assert bin_ticks(Axis("a", "a", Integer(1, 2), 2)) == [(0.25, "1"), (0.75, "2")]


def test_a_logarithmic_axis_has_decades_as_its_ticks() -> None:
    axis = place_axis(Axis("a", "a", LogUniform(1e-4, 1e-1), 3)).to_dict()["axis"]
    assert "0.0001" in axis["labelExpr"] and axis["grid"]
    assert not place_axis(Axis("a", "a", Choice((1, 2)), 2)).to_dict()["axis"]["grid"]


def test_texts_are_words_of_an_expression_whatever_is_in_them() -> None:
    text = 'a "quoted" \\ </script>'
    expression = words_at([(0.5, text)])
    assert expression.startswith(json.dumps([text]))


def test_texts_without_room_are_turned() -> None:
    short = worded_axis([(0.25, "a"), (0.75, "b")], "t", grid=True, across=True).to_dict()
    words = [(0.2, "equalization a"), (0.5, "equalization b"), (0.8, "equalization c")]
    long = worded_axis(words, "t", grid=True, across=True)
    assert "labelAngle" not in short and long.to_dict()["labelAngle"] == -35


def test_long_words_at_ticks_differ() -> None:
    words = [f"balanced_group_softmax_with_{n}_groups" for n in ("three", "four")]
    axis = worded_axis([(0.25, words[0]), (0.75, words[1])], "t", grid=True, across=True)
    shown = json.loads(axis.to_dict()["labelExpr"].partition("[indexof")[0])
    assert len({*shown}) == 2 and all("\u2026" in text for text in shown)


def test_an_axis_of_points_has_room_and_an_extent() -> None:
    assert domain([20.0, 40.0]) == [18.4, 41.6]
    assert domain([20.0]) == [19.5, 20.5]
    assert domain([0.0])[0] == 0
    # No AP is below 0 or above 100; what else goes there keeps its place.
    assert domain([1.0, 99.5]) == [0.0, 100.0]
    assert domain([-3.0, 101.0]) == [-3.0, 101.0]
    assert domain([float("nan")])[1] > domain([float("nan")])[0]
