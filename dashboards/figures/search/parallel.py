"""Parallel coordinates: each trial as a line through its searched values, to its metric."""

import json
import math
from collections.abc import Sequence
from functools import partial

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.names import short_by_name
from dashboards.figures.search.looks import BEST, FINISHED, domain, heading, points_of, state_of
from dashboards.figures.search.places import Ticks
from dashboards.look import SEQUENTIAL, Look
from longtail.sweep.analysis.axis import Axis, spelt_value
from longtail.sweep.analysis.ticks import linear_ticks
from longtail.sweep.trial import Trial

UNREAD = -0.14
"""Where a line passes an axis whose value the trial did not read, or that has none."""
NOT_READ, NOT_DEFINED = "not read", "not defined"
PIXELS_OF_AXIS = 118
LONGEST, LABEL = 15, 17
"""Letters of a tick's text, and of an axis's label."""
MANY = 60
COLUMNS = ["trial", "state", "place", "y", "at", "value", "is_good"]


def parallel(
    name: str, metrics: Sequence[str], axes: Sequence[Axis], trials: Sequence[Trial],
    best: int | None,
) -> Figure:  # fmt: skip
    """A line for each trial that has the first metric, coloured by it.

    Args:
        name: The figure's.
        metrics: Of the search, each an axis behind those of the paths.
        axes: The searched paths.
        trials: All of the search.
        best: Number of the best finished trial, which is drawn on top.
    """
    drawn = [
        trial for trial in trials if points_of(trial, metrics[0]) == points_of(trial, metrics[0])
    ]
    table, ticks = line_table(metrics, axes, drawn, best), tick_table(metrics, axes, drawn)
    labels = [*(axis.label for axis in axes), *(f"{heading(of)} in points" for of in metrics)]
    draw: Draw = partial(_chart, name, metrics[0], labels, table)
    early = (
        " Grey lines were stopped early or failed; their metric is that of their last evaluation."
        if {*table["state"]} - {BEST, FINISHED}
        else ""
    )
    return Figure(
        name=name,
        title="Every trial through its values",
        text=f"A line is a trial, coloured by {heading(metrics[0])}; the best is thick and orange."
        f"{early} Ranges searched by their logarithm have logarithmic axes.",
        panels=(draw,),
        tables={name: table, f"{name}-ticks": ticks},
        broad=True,
        least_width=PIXELS_OF_AXIS * len(labels),
    )


def line_table(
    metrics: Sequence[str], axes: Sequence[Axis], trials: Sequence[Trial], best: int | None
) -> pd.DataFrame:
    """A line for each trial and axis, low metrics first, so that high ones lie above.

    Returns:
        `trial`, `state`, `place` (number of the axis), `y` (place on it from 0 to 1, below 0
        where the trial has no value), `at` (the value as text), `value` (the first metric in
        points), `is_good` (it finished).
    """
    held = sorted(
        trials, key=lambda t: (t.number == best, t.state == "finished", points_of(t, metrics[0]))
    )
    ends = {metric: domain(points_of(trial, metric) for trial in trials) for metric in metrics}
    lines = []
    for trial in held:
        value, state = points_of(trial, metrics[0]), state_of(trial, best)
        places = [_place(axis, trial) for axis in axes]
        for metric in metrics:
            of, (low, high) = points_of(trial, metric), ends[metric]
            is_known = not math.isnan(of)
            places.append(
                ((of - low) / (high - low), f"{of:.2f}") if is_known else (UNREAD, NOT_DEFINED)
            )
        lines += [
            (trial.number, state, place, y, at, value, state in (BEST, FINISHED))
            for place, (y, at) in enumerate(places)
        ]
    return pd.DataFrame(lines, columns=COLUMNS)


def tick_table(
    metrics: Sequence[str], axes: Sequence[Axis], trials: Sequence[Trial]
) -> pd.DataFrame:
    """The texts beside each axis: `place` (number of the axis), `y` and `text`."""
    lines = []
    for place, axis in enumerate(axes):
        words = short_by_name([text for _, text in axis.ticks()], LONGEST)
        ticks = [(y, words[text]) for y, text in axis.ticks()]
        if any(axis.path not in trial.point for trial in trials):
            ticks.append((UNREAD, NOT_READ))
        lines += [(place, y, text) for y, text in ticks]
    for place, metric in enumerate(metrics, len(axes)):
        values = [points_of(trial, metric) for trial in trials]
        lines += [(place, y, text) for y, text in _metric_ticks(values)]
    return pd.DataFrame(lines, columns=["place", "y", "text"])


def _metric_ticks(values: Sequence[float]) -> Ticks:
    low, high = domain(values)
    ticks = [((of - low) / (high - low), f"{of:g}") for of in linear_ticks(low, high)]
    is_known = not any(map(math.isnan, values))
    return ticks if is_known else [*ticks, (UNREAD, NOT_DEFINED)]


def _place(axis: Axis, trial: Trial) -> tuple[float, str]:
    if axis.path not in trial.point:
        return UNREAD, NOT_READ
    value = trial.point[axis.path]
    place, text = axis.position(value), spelt_value(value)
    return (UNREAD, f"{text}, outside") if place is None else (place, text)


def _chart(
    name: str,
    metric: str,
    labels: Sequence[str],
    table: pd.DataFrame,
    look: Look,
    width: Width,
) -> Chart:
    x = _axes(labels, look, width)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[UNREAD - 0.05, 1.03], nice=False), axis=None)
    tooltip = [
        alt.Tooltip("trial:Q"),
        alt.Tooltip("state:N"),
        alt.Tooltip("value:Q", title=heading(metric), format=".2f"),
    ]
    at = alt.Tooltip("at:N", title="at this axis")
    axis = alt.Tooltip("axis:N", title="which is")
    dots = (
        alt.Chart(alt.NamedData(name))
        .transform_calculate(axis=f"{json.dumps(list(labels))}[datum.place]")
        .mark_point(filled=True, size=40, opacity=1, fillOpacity=0, aria=False)
        .encode(x=x, y=y, detail="trial:N", tooltip=[*tooltip, at, axis])
    )
    ticks = alt.Chart(alt.NamedData(f"{name}-ticks")).encode(
        x=alt.X("place:Q"), y=alt.Y("y:Q"), text="text:N"
    )
    # The ground around the letters keeps them readable among the lines.
    halo = ticks.mark_text(
        align="right", dx=-5, stroke=look["panel"], strokeWidth=4, strokeOpacity=0.85, aria=False
    )
    texts = ticks.mark_text(align="right", dx=-5, color=look["ink"])
    layers = alt.layer(*_lines(name, table, x, y, tooltip, look), dots, halo, texts)
    return layers.properties(width=width, height=300)


def _axes(labels: Sequence[str], look: Look, width: Width) -> alt.X:
    """A vertical line for each, under its label; a longer one is whole in the hover text."""
    num = len(labels)
    shown = [short_by_name(labels, LABEL)[label] for label in labels]
    return alt.X(
        "place:Q",
        scale=alt.Scale(domain=[-0.45, num - 0.7], nice=False),
        axis=alt.Axis(
            orient="top",
            values=list(range(num)),
            labelExpr=f"{json.dumps(shown)}[datum.value]",
            labelFontWeight=600,
            labelColor=look["ink"],
            labelLimit=alt.ExprRef(f"width / {num} - 8") if width == "container" else width / num,
            labelOverlap=False,
            labelFlush=False,
            title=None,
            gridColor=look["line"],
            gridWidth=1.5,
        ),
    )


def _lines(
    name: str, table: pd.DataFrame, x: alt.X, y: alt.Y, tooltip: list[alt.Tooltip], look: Look
) -> tuple[alt.Chart, ...]:
    """Trials that did not finish below those that did, and the best."""
    over = alt.selection_point(
        name=f"over_{name.replace('-', '_')}",
        fields=["trial"],
        on="pointerover",
        clear="pointerout",
        empty=False,
    )
    data = alt.Chart(alt.NamedData(name)).encode(
        x=x, y=y, detail="trial:N", order="place:Q", tooltip=tooltip
    )
    grey = data.transform_filter("!datum.is_good").mark_line(
        color=look["grey"], strokeWidth=1.6, strokeOpacity=0.3, aria=False
    )
    best = data.transform_filter(f"datum.state == '{BEST}'").mark_line(
        color=look["rare"], strokeWidth=4, strokeJoin="round", aria=False
    )
    # Of many lines each has less weight.
    usual = 0.75 if table["trial"].nunique() <= MANY else 0.4
    good = (
        data.transform_filter("datum.is_good")
        .mark_line(opacity=1, strokeJoin="round", aria=False)
        .encode(
            color=_colour(table),
            strokeWidth=alt.when(over).then(alt.value(4)).otherwise(alt.value(1.6)),
            strokeOpacity=alt.when(over).then(alt.value(1)).otherwise(alt.value(usual)),
        )
        .add_params(over)
    )
    return grey, good, best


def _colour(table: pd.DataFrame) -> alt.Color:
    """By the metric, without the ends of the colours: seen on a light ground and on a dark one."""
    ends = domain(table["value"][table["is_good"]])
    scale = alt.Scale(scheme={"name": SEQUENTIAL, "extent": [0.15, 0.88]}, domain=ends)
    return alt.Color("value:Q", scale=scale, legend=None)
