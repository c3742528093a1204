"""Charts compiled for a page: names of marks, and the room that is kept for them."""

from typing import Any

import altair as alt
import pytest

from dashboards.pages.vega import compiled, height


def _chart(**more: Any) -> dict[str, Any]:
    chart = alt.Chart(alt.NamedData("t")).mark_bar().encode(x="x:Q", y="y:Q", **more)
    spec: dict[str, Any] = chart.properties(height=200, width="container").to_dict()
    return compiled(spec)


def test_marks_have_names_unless_they_are_not_told() -> None:
    marks = _chart()["marks"]
    assert [mark["description"] for mark in marks] == ["rect marks"]

    chart = alt.Chart(alt.NamedData("t")).mark_circle(aria=False).encode(x="x:Q")
    assert "description" not in compiled(chart.to_dict())["marks"][0]


def test_room_grows_by_lines_of_titles_and_legends() -> None:
    plain = height(_chart())

    assert plain > 200
    assert height(_chart(color="x:N")) > plain
    assert height({**_chart(), "title": {"text": "one", "subtitle": ["two", "three"]}}) == (
        pytest.approx(plain + 48)
    )


def test_unknown_height_of_a_plot_has_room_too() -> None:
    assert height({"height": {"signal": "h"}}) > 100
