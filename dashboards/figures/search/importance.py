"""What each searched path explains of the metrics: a bar for each."""

from collections.abc import Mapping
from functools import partial

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.search.looks import heading
from dashboards.look import SERIES, Look

ROW = 20
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
    base = alt.Chart(alt.NamedData(name)).encode(
        y=alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(labelLimit=220, grid=False)),
        yOffset=alt.YOffset("metric:N", sort=metrics),
        x=alt.X(
            "share:Q",
            title="share of what single paths explain",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", tickCount=5),
        ),
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
    return alt.layer(bars, texts).properties(width=width, height=height)
