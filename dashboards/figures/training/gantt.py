"""When each node of a grid was at work."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import altair as alt

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.name_axis import name_axis
from dashboards.figures.parts import fitting
from dashboards.figures.training.clock import Clock, clock_of
from dashboards.figures.training.lanes import Lanes, lanes_of
from dashboards.figures.training.work_tables import bar_table, cut_table, wait_table
from dashboards.look import Look
from dashboards.sources.node_times import NodeTime

COLOURS = {"training": "common", "predicting": "frequent", "evaluating": "violet"}
LABELLING = {"labelling": "rare"}
"""Where a grid has pseudo-labels."""
LANE, THIN_LANE = 20, 13
"""Pixels of a lane with a name, and without."""
WIDE_ENOUGH = 480
"""Pixels of the axis from which on words are shown."""
PALE = "indexof(datum.state, 'not finished') >= 0"
SIDES: dict[str, tuple[str, Literal["left", "right"], int, str]] = {
    "after": ("end", "left", 5, "muted"),
    "inside": ("end", "right", -6, "ground"),
    "before": ("begin", "right", -5, "muted"),
}
"""Where words of a bar stand: from which end of it, how aligned, how far off, in which colour."""


def gantt(times: Sequence[NodeTime], suffix: str = "") -> Figure | None:
    """The figure; None where no time is known.

    Args:
        times: Of the nodes of one grid.
        suffix: Of the names of this grid's figure.
    """
    known = [of for of in times if of.attempts]
    if not known:
        return None
    lanes, clock = lanes_of(known), clock_of(known)
    named = not lanes.packed
    bars, lines = bar_table(known, lanes, clock), wait_table(known, lanes, clock)
    cuts = cut_table(clock)
    names = [f"time-{part}{suffix}" for part in ("bars", "waits", "cuts")]
    colours = COLOURS | (LABELLING if bars.work.isin(list(LABELLING)).any() else {})
    sides = [side for side in SIDES if named and (bars.side == side).any()]
    text = "A bar is work"
    if lanes.places:
        text += ", a lane the worker group that did it, with one more for each node that it trained"
        text += " at the same time"
    if len(lines):
        text += "; a thin line before or between is preparation or interruption"
    text += "."
    if clock.cuts:
        text += " Dashed: idle time that is cut out."
    if lanes.packed:
        text += f" {lanes.packed} nodes; those that ran one after the other share a lane."
    return Figure(
        name=f"time{suffix}",
        title="When each node was at work",
        text=text,
        panels=(partial(_chart, names, lanes, len(lines) > 0, sides, clock, colours),),
        tables=dict(zip(names, (bars, lines, cuts), strict=True)),
        broad=True,
        least_width=340 if named else 220,
    )


def _words(bars: alt.Chart, side: str, look: Look) -> alt.Chart:
    """What is said of bars on one side of them; nothing where the page is narrow."""
    base = bars.transform_filter(f"datum.side == '{side}'").transform_calculate(
        label=f"width < {WIDE_ENOUGH} ? '' : datum.word"
    )
    field, align, dx, colour = SIDES[side]
    # Bars of what has not finished are pale.
    shown = alt.when(PALE).then(alt.value(look["ink"])).otherwise(alt.value(look[colour]))
    text = base.mark_text(align=align, dx=dx).encode(color=shown)
    words: alt.Chart = text.encode(x=alt.X(f"{field}:Q"), text="label:N")
    return words


def _chart(
    names: Sequence[str],
    lanes: Lanes,
    waited: bool,
    sides: Sequence[str],
    clock: Clock,
    colour_of: Mapping[str, str],
    look: Look,
    width: Width,
) -> Chart:
    bars, waits, cuts = (alt.Chart(alt.NamedData(name)) for name in names)
    named = not lanes.packed
    lane = name_axis(lanes.order if named else ["lanes"], look, width)
    y = alt.Y(
        "lane:N",
        sort=None,
        title=None if named else "lanes",
        scale=alt.Scale(domain=list(lanes.order)),
        axis=alt.Axis(
            labelExpr=lane.label_expr,
            labelLimit=0,
            labelColor=look["ink"],
            labels=named,
            grid=named,
        ),
    )
    x = alt.X(
        "begin:Q",
        title=f"{clock.unit} since the first node began",
        axis=alt.Axis(tickCount=fitting(80, lane.plot), format=".4~f"),
        scale=alt.Scale(nice=False),
    )
    works = list(colour_of)
    colours = [look[name] for name in colour_of.values()]
    thin = waits.mark_rule(color=look["grey"], strokeWidth=1.2).encode(y=y, x=x, x2="end:Q")
    thick = bars.mark_bar(opacity=1, height={"band": 0.62}, minBandSize=3).encode(
        y=y,
        x=x,
        x2="end:Q",
        color=alt.Color(
            "work:N",
            scale=alt.Scale(domain=works, range=colours),
            legend=alt.Legend(symbolType="square", columns=lane.fitting(100)),
        ),
        fillOpacity=alt.when(PALE).then(alt.value(0.5)).otherwise(alt.value(1)),
        tooltip=[
            alt.Tooltip("node:N"),
            alt.Tooltip("work:N"),
            alt.Tooltip("took:N"),
            alt.Tooltip("state:N"),
            alt.Tooltip("place:N"),
            alt.Tooltip("rows:N", title="for rows"),
        ],
    )
    height = (LANE if named else THIN_LANE) * len(lanes.order)
    # A layer without rows would have no extent.
    layers = [thin, thick] if waited else [thick]
    if clock.cuts:
        at = alt.X("at:Q")
        layers.append(cuts.mark_rule(color=look["muted"], strokeDash=[3, 3]).encode(x=at))
        idle = cuts.transform_calculate(label="datum.idle + ' idle'").mark_text(
            angle=270, align="left", baseline="bottom", dx=4, dy=-2, color=look["muted"]
        )
        layers.append(idle.encode(x=at, y=alt.value(height), text="label:N"))
    layers += [_words(bars, side, look).encode(y=y) for side in sides]
    return alt.layer(*layers).properties(width=lane.plot, height=height)
