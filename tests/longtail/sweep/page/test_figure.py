"""What figures share."""

import re
from xml.etree import ElementTree

import pytest

from longtail.sweep.page.figure import (
    Frame,
    bottom_margin,
    cut,
    dot,
    horizontal_axis,
    svg,
    value_axis,
)

FRAME = Frame(200, 100, 40, 10, 10, 20)


def test_places_go_from_the_lower_left_corner() -> None:
    assert (FRAME.x(0), FRAME.x(1), FRAME.x(0.5)) == (40, 190, 115)
    assert (FRAME.y(0), FRAME.y(1)) == (80, 10)


def test_a_value_axis_holds_its_values_and_some_room() -> None:
    axis = value_axis([0.2, 0.4])
    assert (axis.low, axis.high) == pytest.approx((0.184, 0.416))
    assert axis.share(0.3) == pytest.approx(0.5)
    assert [text for _, text in axis.ticks()] == ["20", "25", "30", "35", "40"]


def test_a_value_axis_of_one_value_or_none_has_an_extent() -> None:
    assert value_axis([0.2]).low < 0.2 < value_axis([0.2]).high
    assert value_axis([0.0]).low == 0
    assert value_axis([]).high > 1


def test_texts_without_room_are_turned_and_need_a_margin() -> None:
    short = [(0.25, "a"), (0.75, "b")]
    long = [(0.25, "equalization_v2 " * 3), (0.75, "b")]
    assert not any("rotate" in element for element in horizontal_axis(FRAME, short))
    assert any("rotate" in element for element in horizontal_axis(FRAME, long))
    assert bottom_margin(long, 150) > bottom_margin(short, 150)
    assert bottom_margin([(0.5, "alone " * 9)], 150) == bottom_margin(short, 150)


def test_a_long_text_keeps_its_ends_and_shows_all_on_hovering() -> None:
    assert cut("abc", 5) == "abc"
    assert cut("abcdefgh", 5) == "ab\u2026gh<title>abcdefgh</title>"
    assert cut("<&>", 5) == "&lt;&amp;&gt;"


def test_a_figure_is_xml_with_a_title_and_a_description() -> None:
    text = svg(FRAME, "name", "a < b", "c & d", [dot(1, 2, "look", "<hover>")])
    tree = ElementTree.fromstring(text)
    labelled = str(tree.get("aria-labelledby")).split()
    found = {child.get("id"): child.text for child in tree if child.get("id")}
    assert [found[name] for name in labelled] == ["a < b", "c & d"]
    assert re.search(r"<title>&lt;hover&gt;</title>", text)
