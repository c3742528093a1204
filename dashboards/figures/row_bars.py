"""Rows as horizontal bars of one metric, with intervals: what several figures have as panels."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import altair as alt
import numpy as np
import pandas as pd

from dashboards.figure import Chart, Draw, Width
from dashboards.figures.names import label_of
from dashboards.figures.parts import POINTS, axis_with_room
from dashboards.look import Look
from dashboards.sources.found import Row

MOST_ROWS = 30
LETTERS = 20
"""Of a row's name on an axis: a longer one is cut, and is whole in the hover text."""
STEP = 22
NUMBER_PIXELS = 40
"""Room for numbers at the right edge."""


@dataclass(frozen=True)
class Bars:
    """A panel.

    Attributes:
        field: The column of values in points; `<field>_low` and `<field>_high` if `has_interval`.
        title: Of the axis.
        colour: A name of `COLOURS`.
        has_interval: Whether the table has those columns.
    """

    field: str
    title: str
    colour: str
    has_interval: bool = False


def most_shown(rows: Sequence[Row], kind: str, baseline: str) -> list[Row]:
    """The best rows by AP of masks or boxes, undefined ones last; in any case the baseline."""
    ap = [row.evaluation[kind]["AP"] for row in rows]
    order = sorted(range(len(rows)), key=lambda number: -ap[number])
    best = [rows[number] for number in order]
    left_out = [row for row in best[MOST_ROWS:] if row.name == baseline]
    return [*best[: MOST_ROWS - len(left_out)], *left_out]


def how_many(num_rows: int) -> str:
    """What a figure says of the rows that it leaves out."""
    if num_rows <= MOST_ROWS:
        return ""
    return f" {MOST_ROWS} of {num_rows} rows are shown: the best, and the baseline."


def row_axis(rows: Sequence[str], letters: int = LETTERS) -> alt.Y:
    """Names of rows from above to below, on the axis of every layer of a chart.

    Args:
        rows: All of them.
        letters: Longer names are cut where they do not differ.
    """
    axis = alt.Axis(labelExpr=label_of(rows, letters), labelLimit=0)
    return alt.Y("row:N", title=None, axis=axis, scale=alt.Scale(domain=list(rows)))


def row_bars(name: str, table: pd.DataFrame, bars: Sequence[Bars]) -> tuple[Draw, ...]:
    """Panels over a table of `row`, `is_baseline` and the fields; a hole says "not defined".

    Args:
        name: Of the table in the figure.
        table: Rows from above to below.
        bars: A panel each.
    """
    y = row_axis(table["row"].tolist())
    height = STEP * len(table)
    return tuple(partial(_panel, name, of, _domain(table, of), y, height) for of in bars)


def _domain(table: pd.DataFrame, bars: Bars) -> list[float]:
    """From the lowest to the highest of values and intervals, with 0."""
    fields = [bars.field]
    if bars.has_interval:
        fields += [f"{bars.field}_low", f"{bars.field}_high"]
    values = table[fields].to_numpy(float)
    values = values[~np.isnan(values)]
    low, high = min([0.0, *values]), max([0.0, *values])
    return [low, high if high > low else low + 1]


def _panel(
    name: str, bars: Bars, domain: list[float], y: alt.Y, height: int, look: Look, width: Width
) -> Chart:
    base = alt.Chart(alt.NamedData(name))
    defined = base.transform_filter(f"isValid(datum[{bars.field!r}])")
    hole = base.transform_filter(f"!isValid(datum[{bars.field!r}])")
    x = axis_with_room(bars.field, bars.title, domain, width, NUMBER_PIXELS)
    low, high = f"{bars.field}_low", f"{bars.field}_high"
    ends = [(bars.field, bars.title)]
    if bars.has_interval:
        ends += [(low, "95% interval from"), (high, "to")]
    tooltip = [
        alt.Tooltip("row:N"),
        *(alt.Tooltip(f"{field}:Q", title=title, format=".2f") for field, title in ends),
    ]
    bar = defined.mark_bar(color=look[bars.colour], opacity=1, size=STEP - 8)
    baseline = defined.transform_filter("datum.is_baseline").mark_rule(
        color=look["ink"], strokeDash=[3, 3]
    )
    whisker = defined.mark_rule(color=look["ink"], strokeWidth=1.5)
    number = defined.mark_text(align="right", color=look["ink"])
    word = hole.mark_text(
        align="left", dx=4, color=look["muted"], fontStyle="italic", text="not defined"
    )
    layers = [
        bar.encode(x=x, y=y, tooltip=tooltip),
        baseline.encode(x=f"{bars.field}:Q"),
        *([whisker.encode(x=f"{low}:Q", x2=f"{high}:Q", y=y)] if bars.has_interval else []),
        number.encode(x=alt.value("width"), y=y, text=alt.Text(f"{bars.field}:Q", format=POINTS)),
        word.encode(x=alt.datum(0), y=y),
    ]
    return alt.layer(*layers).properties(width=width, height=height)
