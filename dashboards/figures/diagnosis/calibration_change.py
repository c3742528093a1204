"""The error of each source's scores before and after a merge calibrated them, by group."""

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.diagnosis.parts import GROUPS, group_name
from dashboards.figures.name_axis import name_axis
from dashboards.figures.parts import colour_scale
from dashboards.look import GROUP_COLOURS, Look
from ensemble.calibration.file import Calibration
from longtail.metrics import UNDEFINED, points_text
from longtail.results.points import points_or_nan

TABLE = "calibration-change"
COLOURS = {"all": "ink", **GROUP_COLOURS}


def calibration_change(calibration: Calibration, suffix: str = "") -> Figure:
    """The figure.

    Args:
        calibration: As it was fitted.
        suffix: Of its name, where a page has several, such as "-2".
    """
    table = change_table(calibration)
    name = f"{TABLE}{suffix}"

    def draw(look: Look, width: Width) -> Chart:
        return _chart(name, list(calibration.sources), look, width)

    return Figure(
        name=name,
        title="Scores before and after calibration",
        text="D-ECE of each source and group: hollow before, full after maps that were fitted to"
        " other images; nearer to 0 is"
        f" better.{_sentence(table)}",
        panels=(draw,),
        tables={name: table},
        least_width=300,
    )


def change_table(calibration: Calibration) -> pd.DataFrame:
    """A line for each source and group with a detection.

    Returns:
        `source`, `group` (all, r, c, f), `label` of both, `before` and `after`: D-ECE in points.
    """
    lines = [
        (
            name,
            group,
            name + _end(group),
            round(points_or_nan(source.error[group].before), 2),
            round(points_or_nan(source.error[group].after), 2),
        )
        for name, source in calibration.sources.items()
        for group in GROUPS
        if group in source.error and source.error[group].before != UNDEFINED
    ]
    return pd.DataFrame(lines, columns=["source", "group", "label", "before", "after"])


def _end(group: str) -> str:
    """Of a label, behind the source's name."""
    return f", {group_name(group)}"


def _sentence(table: pd.DataFrame) -> str:
    rare = table[(table["group"] == "r") & table["after"].notna()]
    if rare.empty:
        return ""
    worst = rare.loc[rare["after"].idxmax()]
    before, after = (points_text(worst[key] / 100) for key in ("before", "after"))
    return f" Worst for rare categories: {worst['source']}, {before} before and {after} after."


def _chart(table: str, sources: list[str], look: Look, width: Width) -> Chart:
    base = alt.Chart(alt.NamedData(table))
    names = name_axis(sources, look, width, [_end(group) for group in GROUPS])
    axis = alt.Axis(title=None, labelExpr=names.label_expr, labelLimit=0)
    y = alt.Y("label:N", sort=None, axis=axis)
    colour = alt.Color(
        "group:N",
        scale=colour_scale(look, COLOURS),
        legend=None,
    )
    x = alt.X("before:Q", axis=alt.Axis(title="D-ECE in points", tickCount=5))
    told = [
        alt.Tooltip("label:N", title="source"),
        alt.Tooltip("before:Q", title="before", format=".2f"),
        alt.Tooltip("after:Q", title="after", format=".2f"),
    ]
    lines = base.mark_rule(strokeWidth=1.5, strokeOpacity=0.5).encode(
        x=x, x2="after:Q", y=y, color=colour
    )
    before = base.mark_point(size=50, opacity=1, filled=False).encode(
        x=x, y=y, color=colour, tooltip=told
    )
    after = base.mark_point(size=60, opacity=1, filled=True).encode(
        x="after:Q", y=y, color=colour, tooltip=told
    )
    step = 20 if width == "container" else 12
    layers = alt.layer(lines, before, after)
    return layers.properties(width=names.plot, height=step * len(GROUPS) * len(sources))
