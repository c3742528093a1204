"""Two metrics against each other, and the trials between which one must choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import altair as alt
import numpy as np
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.search.looks import domain, heading, metric_axis, slug
from dashboards.look import Look
from longtail.search.pareto import non_dominated

COLUMNS = ["name", "x", "y", "member", "is_above", "x_low", "x_high", "y_low", "y_high"]


@dataclass(frozen=True)
class Candidate:
    """One dot.

    Attributes:
        name: Written beside it if it is on the front.
        across: The metric that goes to the right, in points; NaN where undefined.
        up: The metric that goes up.
        is_member: Whether it is on the front.
        across_span: Ends of the interval, if there is one.
        up_span: The same of the metric that goes up.
    """

    name: str
    across: float
    up: float
    is_member: bool
    across_span: tuple[float, float] | None = None
    up_span: tuple[float, float] | None = None


def pareto(
    across: str,
    up: str,
    panels: Sequence[Sequence[Candidate]],
    text: str,
    suffix: str = "",
    titles: Sequence[str] = ("",),
) -> Figure:
    """A dot for each candidate, and the line that the front of this plane reaches.

    Args:
        across: The metric that goes to the right.
        up: The metric that goes up.
        panels: Candidates of each panel.
        text: How to read it.
        suffix: Of the figure's name, where a page has several searches.
        titles: Of the panels, where there are several.
    """
    name = f"front-{slug(across)}-{slug(up)}{suffix}"
    tables: dict[str, pd.DataFrame] = {}
    draws: list[Draw] = []
    for place, (candidates, title) in enumerate(zip(panels, titles, strict=True)):
        own = f"{name}-{place}"
        tables[own] = table = candidate_table(candidates)
        tables[f"{own}-reach"] = reach_table(table)
        draws.append(partial(_chart, own, across, up, title, table))
    return Figure(
        name=name,
        title=f"{heading(up)} against {heading(across)}",
        text=text,
        panels=tuple(draws),
        tables=tables,
        broad=len(draws) > 1,
        least_width=260,
    )


def candidate_table(candidates: Sequence[Candidate]) -> pd.DataFrame:
    """A line for each candidate for which both metrics are defined, members of the front last and
    from the left to the right; their numbers stand above and below by turns."""
    nan = (np.nan, np.nan)
    held = [of for of in candidates if not np.isnan(of.across) and not np.isnan(of.up)]
    held.sort(key=lambda of: (of.is_member, of.across if of.is_member else 0.0))
    lines = [
        (
            *(of.name, of.across, of.up, of.is_member, place % 2 == 0),
            *(of.across_span or nan),
            *(of.up_span or nan),
        )
        for place, of in enumerate(held)
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def reach_table(table: pd.DataFrame) -> pd.DataFrame:
    """Corners of the steps below and to the left of which everything is dominated in this plane,
    from the bottom right to the top left: `place`, `x`, `y`."""
    if table.empty:
        return pd.DataFrame([], columns=["place", "x", "y"])
    values = table[["x", "y"]].to_numpy(np.float64)
    front = values[non_dominated(values, keep_equal=False)]
    front = front[np.argsort(-front[:, 0])]
    corners = [(float(front[0, 0]), _ends(table, "y")[0])]
    for x, y in front.tolist():
        corners += [(x, corners[-1][1]), (x, y)]
    corners.append((_ends(table, "x")[0], corners[-1][1]))
    return pd.DataFrame(
        [(place, *corner) for place, corner in enumerate(corners)], columns=["place", "x", "y"]
    )


def _ends(table: pd.DataFrame, field: str) -> list[float]:
    return domain(_values(table, field))


def _values(table: pd.DataFrame, field: str) -> list[float]:
    spans = table[[field, f"{field}_low", f"{field}_high"]].to_numpy(np.float64)
    return [float(value) for value in spans.ravel()]


def _chart(
    name: str, across: str, up: str, title: str, table: pd.DataFrame, look: Look, width: Width
) -> Chart:
    x = alt.X(
        "x:Q",
        title=f"{heading(across)} in points",
        scale=alt.Scale(domain=_ends(table, "x"), nice=False),
        axis=alt.Axis(tickCount=6, labelFlush=False),
    )
    y = metric_axis(up, _values(table, "y"), "y")
    data = alt.Chart(alt.NamedData(name))
    tooltip = [
        alt.Tooltip("name:N", title="trial"),
        alt.Tooltip("x:Q", title=heading(across), format=".2f"),
        alt.Tooltip("y:Q", title=heading(up), format=".2f"),
    ]
    steps = (
        alt.Chart(alt.NamedData(f"{name}-reach"))
        .mark_line(color=look["frequent"], strokeWidth=1.6, aria=False)
        .encode(x=x, y=y, order="place:Q")
    )
    member = alt.when("datum.member")
    dots = data.mark_circle(opacity=1, fillOpacity=0.85, aria=False).encode(
        x=x,
        y=y,
        color=member.then(alt.value(look["frequent"])).otherwise(alt.value(look["common"])),
        size=member.then(alt.value(90)).otherwise(alt.value(40)),
        tooltip=tooltip,
    )
    spans = data.transform_filter("isValid(datum.x_low)").encode(
        color=alt.value(look["muted"]), strokeOpacity=alt.value(0.5)
    )
    flat = spans.mark_rule(aria=False).encode(x="x_low:Q", x2="x_high:Q", y="y:Q")
    upright = spans.mark_rule(aria=False).encode(x="x:Q", y="y_low:Q", y2="y_high:Q")
    numbers = tuple(
        data.transform_filter(f"datum.member && {side}")
        .mark_text(align="left", dx=7, dy=dy, fontWeight=600, color=look["ink"], tooltip=None)
        .encode(x="x:Q", y="y:Q", text="name:N")
        # By turns, since neighbours on a front are often close.
        for side, dy in (("datum.is_above", -7), ("!datum.is_above", 9))
    )
    layers = alt.layer(steps, flat, upright, dots, *numbers)
    shown = layers.properties(width=width, height=300)
    return shown.properties(title=title) if title else shown
