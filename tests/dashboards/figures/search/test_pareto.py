"""The trials between which one must choose."""

import math

import pytest
from support.dashboards.searches import svg_of

from dashboards.figures.search.pareto import Candidate, candidate_table, pareto, reach_table

CANDIDATES = [
    Candidate("0", 30.0, 10.0, True),
    Candidate("1", 20.0, 20.0, True, (18.0, 22.0), (15.0, 25.0)),
    Candidate("2", 10.0, 10.0, False),
    Candidate("3", 25.0, math.nan, False),
]


def test_members_lie_above_others_and_undefined_ones_are_left_out() -> None:
    table = candidate_table(CANDIDATES)
    assert list(table["name"]) == ["2", "1", "0"]
    assert list(table["member"]) == [False, True, True]
    assert list(table["x_low"])[1] == 18.0 and math.isnan(table["x_low"].iloc[2])


def test_the_line_goes_in_steps_from_the_bottom_right_to_the_top_left() -> None:
    corners = reach_table(candidate_table(CANDIDATES))[["x", "y"]].to_numpy().tolist()
    assert corners[1:-1] == [[30.0, corners[0][1]], [30.0, 10.0], [20.0, 10.0], [20.0, 20.0]]
    assert corners[0][0] == 30.0 and corners[0][1] < 10.0
    assert corners[-1][0] < 10.0 and corners[-1][1] == 20.0


def test_the_picture_numbers_the_front(capfd: pytest.CaptureFixture[str]) -> None:
    figure = pareto("AP", "APr", [CANDIDATES, []], "how to read it", titles=("one", "none"))
    assert (figure.name, len(figure.panels)) == ("front-ap-apr", 2)
    svg = svg_of(figure)
    assert ">0<" in svg and ">1<" in svg and ">2<" not in svg
    assert ">AP in points<" in svg and ">APr in points<" in svg and ">one<" in svg
    assert "WARN" not in capfd.readouterr().err
