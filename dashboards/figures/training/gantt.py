"""When each node of a grid was at work."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.name_axis import name_axis
from dashboards.figures.parts import fitting
from dashboards.figures.training.clock import Clock, clock_of, duration
from dashboards.look import Look
from dashboards.sources.node_times import NodeTime

KINDS = {"stage": "training", "predictions": "predicting", "evaluation": "evaluating"}
COLOURS = {"training": "common", "predicting": "frequent", "evaluating": "violet"}
MOST_NAMED = 48
"""Nodes with a lane of their own; of more, those that fit after one another share a lane."""
LANE, THIN_LANE = 20, 13
"""Pixels of a lane with a name, and without."""
ROWS_IN_WORDS = 3
SHARE_OF_A_LETTER, WIDE_ENOUGH = 0.0085, 480
"""What a letter takes of the axis, and from how many pixels of the axis on words are shown."""
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
    named, clock = len(known) <= MOST_NAMED, clock_of(known)
    lanes = [_label(of) for of in known] if named else _packed(known)
    bars, lines = bar_table(known, lanes, clock), wait_table(known, lanes, clock)
    cuts = cut_table(clock)
    names = [f"time-{part}{suffix}" for part in ("bars", "waits", "cuts")]
    sides = [side for side in SIDES if named and (bars.side == side).any()]
    text = "A bar is work; a thin line before or between is preparation or interruption."
    if clock.cuts:
        text += " Dashed: idle time that is cut out."
    if not named:
        text += f" {len(known)} nodes; those that ran one after the other share a lane."
    return Figure(
        name=f"time{suffix}",
        title="When each node was at work",
        text=text,
        panels=(partial(_chart, names, list(dict.fromkeys(lanes)), named, sides, clock),),
        tables=dict(zip(names, (bars, lines, cuts), strict=True)),
        broad=True,
        least_width=340 if named else 220,
    )


def bar_table(times: Sequence[NodeTime], lanes: Sequence[str], clock: Clock) -> pd.DataFrame:
    """A line for each attempt.

    Returns:
        `lane`, `node` (label), `work` (training, ...), `begin` and `end` on the clock, `took` in
        words, `rows` it serves, `word` about sharing for the node's last bar, `state`, and the
        `side` of the bar on which that word has room.
    """
    lines = []
    for of, lane in zip(times, lanes, strict=True):
        for number, attempt in enumerate(of.attempts, 1):
            is_last = number == len(of.attempts)
            lines.append(
                {
                    "lane": lane,
                    "node": of.label,
                    "work": KINDS.get(of.kind, of.kind),
                    "begin": round(clock.at(attempt.begin), 4),
                    "end": round(clock.at(attempt.end), 4),
                    "took": duration(attempt.seconds),
                    "rows": _rows(of.rows),
                    "word": _word(of, attempt.together) if is_last else "",
                    "state": _state(of, number),
                }
            )
    table = pd.DataFrame(lines)
    table["side"] = [
        _side(of.word, of.begin / last, of.end / last)
        for last in [max(table.end)]
        for of in table.itertuples()
    ]
    return table


def wait_table(times: Sequence[NodeTime], lanes: Sequence[str], clock: Clock) -> pd.DataFrame:
    """`lane`, `begin` and `end` on the clock, from when a node was made to its end."""
    lines = [
        (lane, round(clock.at(of.begin), 4), round(clock.at(of.end), 4))
        for of, lane in zip(times, lanes, strict=True)
    ]
    return pd.DataFrame(lines, columns=["lane", "begin", "end"])


def cut_table(clock: Clock) -> pd.DataFrame:
    """`at` on the clock and the length in words, `idle`, of what is cut out."""
    lines = [
        (round((clock.at(begin) + clock.at(end)) / 2, 4), duration(end - begin))
        for begin, end in clock.cuts
    ]
    return pd.DataFrame(lines, columns=["at", "idle"])


def _label(of: NodeTime) -> str:
    """Labels of evaluations are their row's name alone."""
    return of.label if of.kind != "evaluation" else f"{of.label} evaluation"


def _packed(times: Sequence[NodeTime]) -> list[str]:
    """A lane for each node, the first in which all before have ended."""
    ends: list[float] = []
    lanes = []
    for of in times:
        free = next((i for i, end in enumerate(ends) if end <= of.begin), len(ends))
        ends[free : free + 1] = [of.end]
        lanes.append(f"{free + 1}")
    return lanes


def _rows(rows: Sequence[str]) -> str:
    more = len(rows) - ROWS_IN_WORDS
    return ", ".join(rows[:ROWS_IN_WORDS]) + (f" and {more} more" if more > 0 else "")


def _word(of: NodeTime, together: int) -> str:
    words = [f"for {len(of.rows)} rows"] if len(of.rows) > 1 else []
    words += [f"{together} in one pass"] if together > 1 else []
    words += [] if of.finished else ["not finished"]
    return "; ".join(words)


def _side(word: str, begin: float, end: float) -> str:
    """Where a word has room, in shares of the axis."""
    needed = len(word) * SHARE_OF_A_LETTER
    if not word:
        return ""
    if end + needed <= 1:
        return "after"
    if end - begin >= needed:
        return "inside"
    return "before" if begin >= needed else ""


def _state(of: NodeTime, number: int) -> str:
    if number < len(of.attempts):
        return f"attempt {number}, interrupted"
    ended = "finished" if of.finished else "not finished"
    return f"attempt {number}, {ended}" if number > 1 else ended


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
    lanes: list[str],
    named: bool,
    sides: Sequence[str],
    clock: Clock,
    look: Look,
    width: Width,
) -> Chart:
    bars, waits, cuts = (alt.Chart(alt.NamedData(name)) for name in names)
    lane = name_axis(lanes if named else ["lanes"], look, width)
    y = alt.Y(
        "lane:N",
        sort=None,
        title=None if named else "lanes",
        scale=alt.Scale(domain=lanes),
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
        title=f"{clock.unit} since the start",
        axis=alt.Axis(tickCount=fitting(80, lane.plot), format=".4~f"),
        scale=alt.Scale(nice=False),
    )
    works = list(COLOURS)
    colours = [look[name] for name in COLOURS.values()]
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
            alt.Tooltip("rows:N", title="for rows"),
        ],
    )
    height = (LANE if named else THIN_LANE) * len(lanes)
    layers = [thin, thick]
    # A layer without rows would have no extent.
    if clock.cuts:
        at = alt.X("at:Q")
        layers.append(cuts.mark_rule(color=look["muted"], strokeDash=[3, 3]).encode(x=at))
        idle = cuts.transform_calculate(label="datum.idle + ' idle'").mark_text(
            angle=270, align="left", baseline="bottom", dx=4, dy=-2, color=look["muted"]
        )
        layers.append(idle.encode(x=at, y=alt.value(height), text="label:N"))
    layers += [_words(bars, side, look).encode(y=y) for side in sides]
    return alt.layer(*layers).properties(width=lane.plot, height=height)
