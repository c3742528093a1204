"""Who found the objects of a merge: how many sources agreed, and what a source found alone."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.name_axis import name_axis
from dashboards.figures.parts import COUNTS, fitting
from dashboards.look import Look

STATES = ("several, kept", "one alone, kept", "several, cut", "one alone, cut")
"""Found by several sources or by one, kept or cut by the cap: from left to right in a bar."""
FOUND_BY = "'found by ' + datum.label"
ROW = 24
"""Pixels of a bar and its gap."""


def contributions(statistics: Mapping[str, Any], suffix: str = "") -> Figure | None:
    """The figure; None where a merge did not count who found what.

    Args:
        statistics: The tree of a merge's `stats.json`.
        suffix: Of the names of this merge's figures.
    """
    if "clusters_kept_by_sources" not in statistics["fusion"]:
        return None
    agreed, found = f"merge-agreement{suffix}", f"merge-found{suffix}"
    names = list(statistics["sources"])
    sizes = [_size(number) for number in range(1, 1 + len(names))]
    return Figure(
        name=f"merge-contributions{suffix}",
        title="Which sources found the objects",
        text=_text(statistics),
        panels=(
            partial(_chart, agreed, "Objects by sources that agree", sizes, [*sizes, *names]),
            partial(_chart, found, "Objects that each source found", names, [*sizes, *names]),
        ),
        tables={agreed: agreement_table(statistics), found: found_table(statistics)},
        broad=True,
    )


def _text(statistics: Mapping[str, Any]) -> str:
    without = sum(statistics["clusters_without_mask"].values())
    pale = "cut by the cap on an image" + (", or without a mask" if without else "")
    return (
        "An object is what fusion made of detections."
        + (f" Pale: {pale}." if kept_is_counted(statistics) else "")
        + " In the second panel an object counts for each source that found it."
    )


def kept_is_counted(statistics: Mapping[str, Any]) -> bool:
    """Whether what the cap left is known: it is counted for objects with masks."""
    cap = statistics["cap"]
    return any(sum(cap[state].values()) for state in ("kept", "cut"))


def agreement_table(statistics: Mapping[str, Any]) -> pd.DataFrame:
    """`name` (1 source, ...), `state` (of `STATES`), `order`, `objects`, `share` of all."""
    fusion = statistics["fusion"]
    whole = kept = fusion["clusters_by_sources"]
    if kept_is_counted(statistics):
        kept = fusion["clusters_kept_by_sources"]
    lines = []
    for size in range(1, 1 + len(statistics["sources"])):
        who = "one alone" if size == 1 else "several"
        of_size, num_kept = whole.get(str(size), 0), kept.get(str(size), 0)
        states = {f"{who}, kept": num_kept, f"{who}, cut": of_size - num_kept}
        lines += _lines(_size(size), states, sum(whole.values()))
    return _frame(lines)


def _size(number: int) -> str:
    return "1 source" if number == 1 else f"{number} sources"


def found_table(statistics: Mapping[str, Any]) -> pd.DataFrame:
    """`name` (of a source), `state`, `order`, `objects`, `share` of the objects it found."""
    counted = kept_is_counted(statistics)
    lines = []
    for name, source in statistics["sources"].items():
        counts = {key: sum(of.values()) for key, of in source["clusters"].items()}
        found, alone = counts["found"], counts["alone"]
        found_kept = counts["found_kept"] if counted else found
        alone_kept = counts["alone_kept"] if counted else alone
        several_kept = found_kept - alone_kept
        states = {
            "several, kept": several_kept,
            "one alone, kept": alone_kept,
            "several, cut": found - alone - several_kept,
            "one alone, cut": alone - alone_kept,
        }
        lines += _lines(name, states, found)
    return _frame(lines)


def _lines(name: str, states: Mapping[str, int], total: int) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "state": state,
            "order": STATES.index(state),
            "objects": count,
            "share": count / total,
        }
        for state, count in states.items()
        if count
    ]


def _frame(lines: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["name", "state", "order", "objects", "share"])


def _chart(
    table: str, title: str, names: Sequence[str], labels: Sequence[str], look: Look, width: Width
) -> Chart:
    base = alt.Chart(alt.NamedData(table)).transform_calculate(
        who="split(datum.state, ',')[0]", cut="indexof(datum.state, 'cut') > 0"
    )
    shown = name_axis(labels, look, width)
    axis = alt.Axis(labelExpr=shown.label_expr, labelLimit=0, grid=False)
    counts = alt.Axis(tickCount=fitting(70, shown.plot), tickMinStep=1, labelExpr=COUNTS)
    bars = base.mark_bar(opacity=1, height={"band": 0.7}).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=axis),
        x=alt.X("objects:Q", title="objects", axis=counts),
        order="order:Q",
        color=alt.Color(
            "who:N",
            scale=alt.Scale(
                domain=["several", "one alone"], range=[look["frequent"], look["rare"]]
            ),
            legend=alt.Legend(columns=shown.fitting(140), symbolType="square", labelExpr=FOUND_BY),
        ),
        fillOpacity=alt.condition("datum.cut", alt.value(0.32), alt.value(1)),
        tooltip=[
            alt.Tooltip("name:N", title=" "),
            alt.Tooltip("state:N", title="found by"),
            alt.Tooltip("objects:Q", format=","),
            alt.Tooltip("share:Q", format=".1%"),
        ],
    )
    chart: Chart = bars.properties(width=shown.plot, height=ROW * len(names), title=title)
    return chart
