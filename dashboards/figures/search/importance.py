"""What each searched path explains of the metrics: a bar for each."""

from collections.abc import Mapping
from functools import partial

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.name_axis import name_axis
from dashboards.figures.parts import range_with_room
from dashboards.figures.search.looks import heading
from dashboards.look import SERIES, Look

ROW = 20
TEXT_PIXELS = 34
"""Room for a share behind its bar."""
COLUMNS = ["path", "label", "metric", "share"]


def importance(
    labels: Mapping[str, str],
    shares: Mapping[str, Mapping[str, float]],
    basis: str,
    suffix: str = "",
) -> Figure:
    """Bars from the most important path to the least, one for each metric.

    Args:
        labels: Short names by path.
        shares: By metric, then by path.
        basis: Which trials they are said of, for people.
        suffix: Of the figure's name, where a page has several searches.
    """
    name = f"importance{suffix}"
    table = share_table(labels, shares)
    draw: Draw = partial(_chart, name, table)
    return Figure(
        name=name,
        title="Importance of the searched paths",
        text=(
            "What each path alone explains of the metric over the whole space, as a share of what"
            f" single paths explain (functional analysis of variance). Of {basis}."
        ),
        panels=(draw,),
        tables={name: table},
        broad=True,
    )


def share_table(
    labels: Mapping[str, str], shares: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """A line for each path and metric, in the order of the first metric: `path` (whole), `label`,
    `metric` as people call it, `share` from 0 to 1."""
    first = next(iter(shares.values()))
    lines = [
        (path, labels[path], heading(metric), of[path])
        for path in first
        for metric, of in shares.items()
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def _chart(name: str, table: pd.DataFrame, look: Look, width: Width) -> Chart:
    metrics = list(dict.fromkeys(table["metric"]))
    labels = list(dict.fromkeys(table["label"]))
    colours = [look[colour] for colour in SERIES[: len(metrics)]]
    paths = name_axis(labels, look, width)
    names = alt.Axis(labelExpr=paths.label_expr, labelLimit=0, grid=False)
    ends = range_with_room(paths.plot, TEXT_PIXELS)
    x = alt.X(
        "share:Q",
        title="share explained",
        scale=alt.Scale(domain=[0, 1], nice=False, range=ends),
        axis=alt.Axis(format="%", tickCount=5),
    )
    base = alt.Chart(alt.NamedData(name)).encode(
        y=alt.Y("label:N", sort=labels, title=None, axis=names),
        yOffset=alt.YOffset("metric:N", sort=metrics),
        x=x,
    )
    bars = base.mark_bar(cornerRadiusEnd=2).encode(
        color=alt.Color(
            "metric:N",
            scale=alt.Scale(domain=metrics, range=colours),
            legend=alt.Legend() if len(metrics) > 1 else None,
        ),
        tooltip=[
            alt.Tooltip("path:N"),
            alt.Tooltip("metric:N"),
            alt.Tooltip("share:Q", format=".1%"),
        ],
    )
    texts = base.mark_text(align="left", dx=5).encode(text=alt.Text("share:Q", format=".0%"))
    height = len(labels) * (ROW * len(metrics) + 10)
    return alt.layer(bars, texts).properties(width=paths.plot, height=height)
