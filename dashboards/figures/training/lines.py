"""Journals of trainings as tables that charts draw as lines, thinned, with all extremes kept."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboards.figure import Chart, Width
from dashboards.figures.names import label_of
from dashboards.figures.parts import COUNTS, fitting
from dashboards.look import SERIES, Look
from dashboards.sources.found import Training

MOST_TRAININGS = 12
"""Lines of one chart; more cannot be told apart."""
MOST_POINTS = 300
"""Of a line; of longer ones the extremes of each stretch are drawn."""
DASHES = ([1, 0], [6, 3], [2, 2])
NUMBERS = "format(datum.value, abs(datum.value) < 10000 ? '.4~g' : '~s')"
DECADES = "format(datum.value, datum.value < 0.01 || datum.value > 1000 ? '.0e' : '~g')"
MANY_DECADES = 1.5
"""From so many powers of ten on, an axis is logarithmic."""
LETTERS = 26
"""Of a training's name in the legend."""


def drawn_trainings(trainings: Sequence[Training]) -> list[Training]:
    """Those with a journal that are drawn: unfinished ones first, then in their order."""
    begun = [of for of in trainings if any("event" not in line for line in of.records)]
    return sorted(begun, key=lambda of: of.finished)[:MOST_TRAININGS]


def recorded_metrics(trainings: Sequence[Training]) -> list[str]:
    """The names of all values in the journals, in the order in which they come."""
    names = [key for of in trainings for line in of.records for key in line if "/" in key]
    return list(dict.fromkeys(names))


def line_table(
    trainings: Sequence[Training], metric: str, most_points: int = MOST_POINTS, one: float = 1
) -> pd.DataFrame:
    """A metric of trainings by step.

    Args:
        trainings: With their journals.
        metric: As the journal has it.
        most_points: Of a line, at least 4.
        one: What the value 1 stands for in the unit of the journal.

    Returns:
        `training` (its place), `step` of its stage, `value`, and `attempt` where this is the
        first record of one that went on after an earlier one, else 0.
    """
    frames = [pd.DataFrame(columns=["training", "step", "value", "attempt"])]
    for place, of in enumerate(trainings):
        lines = [line for line in of.records if metric in line]
        kept = thinned(np.array([line[metric] for line in lines], np.float64), most_points)
        begun = _begun(lines)
        chosen = sorted({*kept.tolist(), *begun})
        frames.append(
            pd.DataFrame(
                {
                    "training": place,
                    "step": [int(lines[i]["step"]) for i in chosen],
                    "value": [_rounded(lines[i][metric] / one) for i in chosen],
                    "attempt": [begun.get(i, 0) for i in chosen],
                }
            )
        )
    return pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)


def thinned(values: np.ndarray, most_points: int) -> np.ndarray:
    """Places of the first, the last, and the least and greatest value of each stretch.

    Args:
        values: (n,) in their order.
        most_points: How many to keep, at least 4; all if there are not more.
    """
    if len(values) <= most_points:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), most_points // 2 - 1)
    kept = {0, len(values) - 1}
    for of in stretches:
        kept |= {int(of[np.argmin(values[of])]), int(of[np.argmax(values[of])])}
    return np.array(sorted(kept))


def line_chart(
    table: str,
    names: Sequence[str],
    values: pd.DataFrame,
    title: str,
    look: Look,
    width: Width,
    *,
    unit: str = "",
    legend: bool = True,
    zero: bool = False,
    height: int = 260,
) -> Chart:
    """A line for each training; a click on the legend singles one out, rings mark restarts.

    Args:
        table: Name of a `line_table`.
        names: Of the trainings.
        values: The table, for the axis.
        title: Of the panel.
        look: Colours and type.
        width: Of the panel.
        unit: Of the values.
        legend: Whether the names stand above.
        zero: Whether the axis begins at 0.
        height: Of the panel, in pixels.
    """
    base = alt.Chart(alt.NamedData(table)).transform_calculate(
        name=f"{json.dumps(list(names))}[datum.training]"
    )
    pick = alt.selection_point(name="pick", fields=["name"], bind="legend")
    drawn = alt.when(pick).then(alt.value(0.95)).otherwise(alt.value(0.08))
    x = alt.X(
        "step:Q",
        title="iteration of the stage",
        scale=alt.Scale(nice=False),
        axis=alt.Axis(labelExpr=COUNTS, tickCount=fitting(70, width), tickMinStep=1),
    )
    y = alt.Y("value:Q", title=unit or None, **_axis(values.value, zero))
    colour, dash = _told_apart(names, look, width, legend)
    lines = base.mark_line(strokeWidth=1.7, aria=False).encode(
        x=x,
        y=y,
        color=colour,
        strokeDash=dash,
        strokeOpacity=drawn if legend else alt.value(0.95),
        tooltip=_tooltip(title),
    )
    layers = [lines.add_params(pick) if legend else lines]
    # A layer without rows would have no extent.
    if (values.attempt > 0).any():
        restarts = base.transform_filter("datum.attempt > 0").mark_point(
            size=44, strokeWidth=1.8, opacity=1, fill=look["panel"], fillOpacity=1
        )
        begins = alt.Tooltip("attempt:Q", title="begins attempt")
        encoded = restarts.encode(x=x, y=y, color=colour, tooltip=[*_tooltip(title), begins])
        layers.append(encoded.encode(strokeOpacity=drawn if legend else alt.value(1)))
    return alt.layer(*layers).properties(width=width, height=height, title=title)


def _told_apart(
    names: Sequence[str], look: Look, width: Width, legend: bool
) -> tuple[alt.Color, alt.StrokeDash]:
    """Colours, and dashes where colours come again, with a legend of both or without."""
    shown = alt.Legend(
        columns=fitting(190, width),
        symbolType="stroke",
        symbolStrokeWidth=3,
        labelExpr=label_of(names, LETTERS),
        labelLimit=0,
    )
    colours = [look[SERIES[i % len(SERIES)]] for i in range(len(names))]
    dashes = [DASHES[i // len(SERIES) % len(DASHES)] for i in range(len(names))]
    colour = alt.Color(
        "name:N",
        sort=None,
        scale=alt.Scale(domain=list(names), range=colours),
        legend=shown if legend else None,
    )
    dash = alt.StrokeDash(
        "name:N",
        sort=None,
        scale=alt.Scale(domain=list(names), range=dashes),
        legend=shown if legend else None,
    )
    return colour, dash


def _tooltip(title: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title="training"),
        alt.Tooltip("step:Q", title="iteration", format=","),
        alt.Tooltip("value:Q", title=title, format=".4~g"),
    ]


def _axis(values: pd.Series, zero: bool) -> dict[str, Any]:
    """Logarithmic for positive values over several powers of ten, unless it begins at 0."""
    low, high = float(values.min()), float(values.max())
    if zero or low <= 0 or math.log10(high / low) < MANY_DECADES:
        return {"scale": alt.Scale(zero=zero), "axis": alt.Axis(tickCount=5, labelExpr=NUMBERS)}
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [10.0**power for power in decades]
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    return {"scale": scale, "axis": alt.Axis(values=ticks, labelExpr=DECADES)}


def _begun(lines: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Places of the first records of attempts but the first, and their numbers."""
    begun, latest = {}, lines[0].get("attempt", 1) if lines else 0
    for place, line in enumerate(lines):
        if line.get("attempt", 1) > latest:
            begun[place] = latest = line["attempt"]
    return begun


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
