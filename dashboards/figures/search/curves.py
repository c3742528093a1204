"""The evaluations of all trials on their way: which were stopped early, and when."""

import math
from collections.abc import Sequence
from functools import partial

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.search.looks import (
    BEST,
    heading,
    metric_axis,
    slug,
    state_colour,
    state_of,
    state_shape,
)
from dashboards.look import Look
from longtail.metrics import UNDEFINED
from longtail.results.points import points_or_nan
from longtail.sweep.trial import Trial

LOG_FROM = 5.0
"""From this ratio of steps on their axis is logarithmic: rungs are then equally far apart."""
MOST_TICKS = 8
COLUMNS = ["trial", "state", "step", "value", "last"]


def curves(metric: str, trials: Sequence[Trial], best: int | None, suffix: str = "") -> Figure:
    """A line for each trial; stopped ones end early, the best one stands out.

    Args:
        metric: What goes up.
        trials: All trials of the sweep.
        best: Number of the best finished trial.
        suffix: Of the figure's name, where a page has several searches.
    """
    name = f"on-the-way-{slug(metric)}{suffix}"
    table = curve_table(metric, trials, best)
    draw: Draw = partial(_chart, name, metric, table)
    return Figure(
        name=name,
        title=f"{heading(metric)} of every trial on its way",
        text=f"A mark is where a trial ended. {reached(table)}",
        panels=(draw,),
        tables={name: table},
        broad=True,
    )


def curve_table(metric: str, trials: Sequence[Trial], best: int | None) -> pd.DataFrame:
    """A line for each evaluation, the best trial's last: `trial`, `state`, `step` (iterations of
    the last stage), `value` in points, `last` (nothing follows it)."""
    lines = []
    order = sorted(trials, key=lambda of: (of.number == best, of.state == "finished", of.number))
    for trial in order:
        curve = [
            (rung.step, points_or_nan(rung.metrics[metric]))
            for rung in trial.intermediate_values
            if rung.metrics.get(metric, UNDEFINED) != UNDEFINED
        ]
        state = state_of(trial, best)
        lines += [
            (trial.number, state, step, value, place == len(curve))
            for place, (step, value) in enumerate(curve, 1)
        ]
    return pd.DataFrame(lines, columns=COLUMNS)


def reached(table: pd.DataFrame) -> str:
    """How many trials were evaluated after so many iterations."""
    counts = table.groupby("step")["trial"].nunique()
    found = ", ".join(f"{step:,}: {number}" for step, number in counts.items())
    return f"Trials evaluated after so many iterations. {found or 'None'}."


def _chart(name: str, metric: str, table: pd.DataFrame, look: Look, width: Width) -> Chart:
    states = set(table["state"])
    data = alt.Chart(alt.NamedData(name))
    x, y = _steps(table), metric_axis(metric, table["value"])
    colour = state_colour(look, states)
    is_best = alt.when(f"datum.state == '{BEST}'")
    tooltip = [
        alt.Tooltip("trial:Q"),
        alt.Tooltip("state:N"),
        alt.Tooltip("step:Q", title="iterations", format=","),
        alt.Tooltip("value:Q", title=heading(metric), format=".2f"),
    ]
    lines = data.mark_line(opacity=1, aria=False).encode(
        x=x,
        y=y,
        color=colour,
        detail="trial:N",
        strokeWidth=is_best.then(alt.value(3)).otherwise(alt.value(1.5)),
        strokeOpacity=is_best.then(alt.value(1)).otherwise(alt.value(0.55)),
    )
    # Each evaluation can be pointed at; only the last one is seen.
    dots = data.mark_point(filled=True, opacity=1, aria=False).encode(
        x=x,
        y=y,
        color=colour,
        shape=state_shape(states),
        size=is_best.then(alt.value(110)).otherwise(alt.value(46)),
        fillOpacity=alt.when("datum.last").then(alt.value(1)).otherwise(alt.value(0)),
        tooltip=tooltip,
    )
    return alt.layer(lines, dots).properties(width=width, height=300)


def _steps(table: pd.DataFrame) -> alt.X:
    steps = sorted(set(table["step"])) or [1]
    first, last = max(steps[0], 1), max(steps[-1], 1)
    is_log = last / first >= LOG_FROM
    apart = math.ceil(len(steps) / MOST_TICKS)
    room = (last / first) ** 0.03 if is_log else 0.03 * (last - first) or 0.5
    ends = [first / room, last * room] if is_log else [first - room, last + room]
    return alt.X(
        "step:Q",
        scale=alt.Scale(type="log" if is_log else "linear", domain=ends, nice=False),
        axis=alt.Axis(
            values=[step for step in steps[::-1][::apart]][::-1],
            format=",",
            title="iterations of the last stage",
        ),
    )
