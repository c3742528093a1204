"""A metric over two searched paths: the mean of each cell and its number of trials."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.search.looks import heading, slug
from dashboards.figures.search.places import bin_ticks, worded_axis
from dashboards.look import SEQUENTIAL, Look
from longtail.results.points import points_or_nan
from longtail.sweep.analysis.axis import Axis
from longtail.sweep.analysis.marginals import HeatMap
from longtail.sweep.trial import Trial

ROW, FEW_ROWS = 44, 3
MANY_COLUMNS = 8
"""More of them take the whole breadth of the page."""
NARROW = 38
"""Pixels; below them a cell has no room for a number."""
# Of the colours' range; the means above it are light, and are written on in black.
LIGHT_FROM = 0.45
COLUMNS = ["name", "x0", "x1", "y0", "y1", "mean", "trials", "hole", "light", "best"]


@dataclass(frozen=True)
class Cells:
    """What a heat map is of.

    Attributes:
        metric: What is shown.
        across: The horizontal path.
        up: The vertical one, its first bin at the bottom.
        means: Of the cells.
        trials: All trials of the search: they say why a cell is empty.
    """

    metric: str
    across: Axis
    up: Axis
    means: HeatMap
    trials: Sequence[Trial]


def heat_map(cells: Cells, compared: str, name: str) -> Figure:
    """Mean and number of trials of each cell; the best one is framed.

    Args:
        cells: What it is of.
        compared: Which trials the means are of, for people.
        name: The figure's.
    """
    table = cell_table(cells)
    draw: Draw = partial(_chart, name, cells, table)
    return Figure(
        name=name,
        title=f"{heading(cells.metric)} over {cells.across.label} and {cells.up.label}",
        text=f"Mean in points and number of trials (n), of {compared}. {found(table)}",
        panels=(draw,),
        tables={name: table},
        broad=len(cells.across.bins) > MANY_COLUMNS,
        least_width=max(260, 30 * len(cells.across.bins)),
    )


def heat_map_name(cells: Cells, place: int, suffix: str) -> str:
    """The name of one of a page's heat maps."""
    return f"heat-{slug(cells.metric)}-{place}{suffix}"


def cell_table(cells: Cells) -> pd.DataFrame:
    """A line for each cell, from the bottom to the top.

    Returns:
        `name`, its corners `x0`, `x1`, `y0`, `y1` from 0 to 1, `mean` in points (NaN in an empty
        one), `trials`, `hole` (why it is empty), `light` (so is its colour) and `best`.
    """
    means = [cell.mean for row in cells.means.cells for cell in row if cell.mean is not None]
    low, high = _ends(map(points_or_nan, means))
    differ = _differ(low, high)
    lines: list[tuple[Any, ...]] = []
    for row, up in zip(cells.means.cells, cells.up.bins, strict=True):
        for cell, across in zip(row, cells.across.bins, strict=True):
            corners = across.start, across.end, up.start, up.end
            mean = cell.mean
            place = cells.across.bins.index(across), cells.up.bins.index(up)
            hole = why_empty(cells, *place) if mean is None else ""
            points = points_or_nan(mean)
            light = differ and (points - low) / (high - low) >= LIGHT_FROM
            is_best = differ and points == high
            lines.append((cell.name, *corners, points, cell.num_trials, hole, light, is_best))
    return pd.DataFrame(lines, columns=COLUMNS)


def why_empty(cells: Cells, column: int, row: int) -> str:
    """Why a cell has no mean: its trials failed, were stopped, or there are none."""
    inside = [
        trial
        for trial in cells.trials
        if cells.across.bin_of(trial.point.get(cells.across.path)) == column
        and cells.up.bin_of(trial.point.get(cells.up.path)) == row
    ]
    states = {trial.state for trial in inside}
    if not states:
        return "not tried"
    if "finished" in states:
        return "not defined"
    return "stopped" if "stopped" in states else "failed"


def found(table: pd.DataFrame) -> str:
    """The best cell in words."""
    held = table.dropna(subset=["mean"])
    if held.empty:
        return "No trial."
    if not _differ(*_ends(held["mean"])) and len(held) > 1:
        return f"No cell is best: all have {held['mean'].max():.2f}."
    best = held.loc[held["mean"].idxmax()]
    return f"Best: {best['name']} with {best['mean']:.2f}, trials: {best['trials']}."


def _chart(name: str, cells: Cells, table: pd.DataFrame, look: Look, width: Width) -> Chart:
    x = alt.X(
        "x0:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=worded_axis(bin_ticks(cells.across), cells.across.label, grid=False, across=True),
    )
    y = alt.Y(
        "y0:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=worded_axis(bin_ticks(cells.up), cells.up.label, grid=False, across=False),
    )
    data = alt.Chart(alt.NamedData(name)).transform_calculate(
        x="(datum.x0 + datum.x1) / 2", y="(datum.y0 + datum.y1) / 2"
    )
    held, empty = data.transform_filter("isValid(datum.mean)"), data.transform_filter("datum.hole")
    cornered = {"x": x, "x2": "x1:Q", "y": y, "y2": "y1:Q"}
    tooltip = [
        alt.Tooltip("name:N", title="cell"),
        alt.Tooltip("mean:Q", title=f"mean {heading(cells.metric)}", format=".2f"),
        alt.Tooltip("trials:Q"),
    ]
    filled = held.mark_rect(stroke=look["panel"], strokeWidth=2, aria=False).encode(
        **cornered, color=mean_colour(cells.metric, table["mean"]), tooltip=tooltip
    )
    holes = empty.mark_rect(
        fill=look["ground"], fillOpacity=0.6, stroke=look["line"], strokeWidth=1, aria=False
    ).encode(**cornered, tooltip=["name:N", alt.Tooltip("hole:N", title="no mean")])
    framed = held.transform_filter("datum.best").mark_rect(
        fill=None, stroke=look["rare"], strokeWidth=3, aria=False
    )
    room = _room(len(cells.across.bins), width)
    centred = {"x": alt.X("x:Q"), "y": alt.Y("y:Q")}
    ink = alt.when("datum.light").then(alt.value("black")).otherwise(alt.value("white"))
    numbers = held.mark_text(dy=-6, fontWeight=600, tooltip=None).encode(
        **centred, text=alt.Text("mean:Q", format=".2f"), color=ink, opacity=room
    )
    counts = (
        held.transform_calculate(n="'n ' + datum.trials")
        .mark_text(dy=8, tooltip=None)
        .encode(**centred, text="n:N", color=ink, opacity=room)
    )
    words = empty.mark_text(color=look["muted"], tooltip=None).encode(
        **centred, text="hole:N", opacity=room
    )
    layers = (holes, filled, framed.encode(**cornered), numbers, counts, words)
    height = ROW * max(len(cells.up.bins), FEW_ROWS)
    return alt.layer(*layers).properties(width=width, height=height)


def mean_colour(metric: str, means: Iterable[float]) -> alt.Color:
    """From the lowest to the highest, with its scale above; one colour where all look equal."""
    low, high = _ends(means)
    differ = _differ(low, high)
    return alt.Color(
        "mean:Q",
        scale=alt.Scale(scheme=SEQUENTIAL, domain=[low, high if differ else low + 1]),
        legend=alt.Legend(
            title=f"{heading(metric)} in points",
            format=".2f",
            values=[low, high] if differ else [low],
            gradientLength=120,
            gradientThickness=10,
            symbolType="square",
        ),
    )


def _ends(means: Iterable[float]) -> tuple[float, float]:
    held = [mean for mean in means if not math.isnan(mean)] or [0.0, 1.0]
    return min(held), max(held)


def _differ(low: float, high: float) -> bool:
    """Whether two means in points are told apart by the digits that are shown."""
    return f"{low:.2f}" != f"{high:.2f}"


def _room(num_columns: int, width: Width) -> Any:
    """Opacity of a cell's text: none where a cell has no room for it."""
    if width == "container":
        return (
            alt.when(f"width / {num_columns} >= {NARROW}")
            .then(alt.value(1))
            .otherwise(alt.value(0))
        )
    return alt.value(1 if width / num_columns >= NARROW * 0.75 else 0)
