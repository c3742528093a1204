"""What each step of an ablation gained: from the AP of the first row to that of the last."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd

from dashboards.ablation.cells import BETTER, NOT_SURE, SAME, WORSE, verdict
from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.parts import POINTS, axis_with_room
from dashboards.figures.row_bars import MOST_ROWS, STEP, row_axis
from dashboards.look import Look
from dashboards.measured import possible, told_of_ends
from dashboards.sources.comparing import Pair
from dashboards.sources.found import Difference, Row
from longtail.metrics import KIND_NAMES, UNDEFINED

NAME = "waterfall"
NOT_KNOWN = "not known"
LETTERS = 24
"""Of a row's name."""
LABEL_PIXELS = 84
"""Room for a gain and the AP that it leads to, at the right edge."""
COLOURS = {BETTER: "frequent", WORSE: "rare", NOT_SURE: "grey", SAME: "grey", NOT_KNOWN: "line"}
COLUMNS = ["row", "above", "verdict", "start", "end", "gain", "low", "high"]


def waterfall(
    rows: Sequence[Row], differences: Mapping[Pair, Difference], name: str = NAME, text: str = ""
) -> Figure:
    """The figure.

    Args:
        rows: Of one grid in its order, each a step from the one before; all with masks, or none.
        differences: Of each row to the one before; a step without one is "not known".
        name: Of the figure and its table.
        text: What else is to be said of the rows.
    """
    shown = rows[:MOST_ROWS]
    table = step_table(shown, differences)
    word = KIND_NAMES[rows[0].ap_kind]
    told = (
        "In the grid's order, each step from the row above. Grey: the interval of the difference"
        " holds 0. Lines are 95% intervals of the step; on the right, what it gains and reaches."
    )
    if len(rows) > MOST_ROWS:
        told += f" The first {MOST_ROWS} of {len(rows)} rows are shown."
    told += told_of_ends(table[["low", "high"]].to_numpy(float).ravel().tolist())
    draw: Draw = partial(_chart, name, table, f"{word} AP in points")
    return Figure(
        name=name,
        title=f"What each step gains in {word} AP",
        text=f"{told} {text}".strip(),
        panels=(draw,),
        tables={name: table},
        broad=True,
        least_width=280,
    )


def step_table(rows: Sequence[Row], differences: Mapping[Pair, Difference]) -> pd.DataFrame:
    """A line for each row whose AP is defined, in their order; AP in points.

    Returns:
        `row`, `above`, `verdict` (better, worse, not sure, the same, not known), `start` and `end`
        (AP of the row above and of the row), `gain`, `low` and `high` (ends of its interval, laid
        at `start`, and at 0 or 100 where it goes on).
        The first row has its AP alone, as `start` and `end`. NaN where undefined.
    """
    defined = [row for row in rows if row.evaluation[row.ap_kind]["AP"] != UNDEFINED]
    lines = [_first(row) for row in defined[:1]]
    for above, row in pairwise(defined):
        lines.append(_step(row, above, differences.get((row.name, above.name))))
    return pd.DataFrame(lines, columns=COLUMNS)


def _first(row: Row) -> dict[str, Any]:
    ap = _points(row)
    nothing = dict.fromkeys(("gain", "low", "high"), math.nan)
    return {"row": row.name, "start": ap, "end": ap, **nothing}


def _step(row: Row, above: Row, difference: Difference | None) -> dict[str, Any]:
    start, end = _points(above), _points(row)
    line = {
        "row": row.name,
        "above": above.name,
        "verdict": NOT_KNOWN,
        "start": start,
        "end": end,
        "gain": end - start,
        "low": math.nan,
        "high": math.nan,
    }
    of = difference.comparison["metrics"]["AP"] if difference is not None else None
    if of is not None and of["standard_error"] != UNDEFINED:
        ends = {end: possible(start + 100 * of[end]) for end in ("low", "high")}
        line |= {"verdict": verdict(of), **ends}
    return line


def _points(row: Row) -> float:
    return 100 * float(row.evaluation[row.ap_kind]["AP"])


def _chart(name: str, table: pd.DataFrame, title: str, look: Look, width: Width) -> Chart:
    values = table[["start", "end", "low", "high"]].to_numpy(float).ravel()
    least, most = min(values[values == values]), max(values[values == values])
    margin = max(0.2, 0.05 * (most - least))
    x = axis_with_room(
        "start", title, (possible(least - margin), possible(most + margin)), width, LABEL_PIXELS
    )
    y = row_axis(table["row"].tolist(), LETTERS)
    y_above = alt.Y("above:N", title=None, scale=alt.Scale(domain=table["row"].tolist()))
    base = alt.Chart(alt.NamedData(name))
    steps = base.transform_filter("isValid(datum.gain)")
    shown = [word for word in COLOURS if word in set(table["verdict"])]
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=shown, range=[look[COLOURS[word]] for word in shown]),
        legend=alt.Legend(symbolType="square") if shown else None,
    )
    bars = steps.mark_bar(size=STEP - 8, opacity=1).encode(
        x=x,
        x2="end:Q",
        y=y,
        color=colour,
        tooltip=[
            alt.Tooltip("row:N"),
            alt.Tooltip("above:N", title="from"),
            alt.Tooltip("gain:Q", format="+.2f"),
            alt.Tooltip("verdict:N"),
            alt.Tooltip("end:Q", title="AP", format=".2f"),
        ],
    )
    first = base.transform_filter("!isValid(datum.gain)").mark_tick(
        color=look["ink"], thickness=3, size=STEP - 6, opacity=1
    )
    joints = steps.mark_rule(color=look["muted"], strokeWidth=1).encode(
        x="start:Q", y=y_above, y2="row:N"
    )
    whiskers = steps.mark_rule(color=look["ink"], strokeWidth=1.5)
    edge = base.mark_text(align="right", color=look["muted"])
    gained = steps.mark_text(align="right", dx=-40, fontWeight=600, color=look["ink"])
    return alt.layer(
        first.encode(x=x, y=y),
        joints,
        bars,
        whiskers.encode(x="low:Q", x2="high:Q", y=y),
        edge.encode(x=alt.value("width"), y=y, text=alt.Text("end:Q", format=POINTS)),
        gained.encode(x=alt.value("width"), y=y, text=alt.Text("gain:Q", format="+.1f")),
    ).properties(width=width, height=(STEP + 4) * len(table))
