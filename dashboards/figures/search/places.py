"""Searched values on an axis from 0 to 1: logarithms, whole numbers and words alike."""

import json
from collections.abc import Sequence
from typing import Any

import altair as alt

from dashboards.figures.names import short_by_name
from longtail.config.search_space import Choice, Integer
from longtail.sweep.analysis.axis import Axis

CHARACTER = 6.5
"""Pixels of a character of an axis, about."""
USUAL_WIDTH = 260
"""Pixels of a narrow panel."""
LETTERS = 17
"""Of a text at a tick; a longer one is cut where it does not differ from the others."""

Ticks = Sequence[tuple[float, str]]
"""Places from 0 to 1, and what stands there."""


def place_axis(axis: Axis, field: str = "x") -> alt.X:
    """A searched path from left to right, with its own values at the ticks."""
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(domain=[0, 1], nice=False, zero=False),
        axis=worded_axis(
            axis.ticks(), axis.label, grid=not isinstance(axis.dimension, Choice), across=True
        ),
    )


def bin_ticks(axis: Axis) -> Ticks:
    """The edges of a range's bins; values to choose from and whole numbers in the middle."""
    if isinstance(axis.dimension, Choice | Integer):
        return [((part.start + part.end) / 2, part.name) for part in axis.bins]
    edges = [axis.bins[0].start, *(part.end for part in axis.bins)]
    return [(edge, f"{axis.value_at(edge):.3g}") for edge in edges]


def worded_axis(ticks: Ticks, title: str, *, grid: bool, across: bool) -> alt.Axis:
    """An axis with texts at places.

    Args:
        ticks: The places.
        title: What the values are.
        grid: Whether a line goes through each.
        across: From left to right; texts without room beside each other are then turned.
    """
    short = short_by_name([text for _, text in ticks], LETTERS)
    turned = across and sum(len(text) + 2 for text in short.values()) * CHARACTER > USUAL_WIDTH
    more: dict[str, Any] = (
        {"labelAngle": -35, "labelAlign": "right", "labelBaseline": "middle"} if turned else {}
    )
    return alt.Axis(
        values=[place for place, _ in ticks],
        labelExpr=words_at([(place, short[text]) for place, text in ticks]),
        labelLimit=0,
        labelOverlap=False if turned or not across else "greedy",
        labelFlush=False,
        title=title,
        titleLimit=400,
        grid=grid,
        **more,
    )


def words_at(ticks: Ticks) -> str:
    """An expression for the text of a tick."""
    places, texts = json.dumps([place for place, _ in ticks]), [text for _, text in ticks]
    return f"{json.dumps(texts)}[indexof({places}, datum.value)]"
