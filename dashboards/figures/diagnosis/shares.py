"""Bars that are parts of a whole, one for each group of categories that has anything."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Width
from dashboards.figures.diagnosis.parts import framed, group_name, of_row, panel_height
from dashboards.figures.diagnosis.told import NOT_DIAGNOSED
from dashboards.figures.parts import colour_scale, fitting, row
from dashboards.look import Look
from dashboards.sources.found import Row

COLUMNS = ["row", "group", "part", "count", "share", "total"]


def share_table(
    rows: Sequence[Row],
    groups: Sequence[str],
    counts_of: Callable[[Mapping[str, Any], str], Mapping[str, int]],
) -> pd.DataFrame:
    """A line for each row, group and part; one without a part where there is nothing to share.

    Args:
        rows: Of a page; some have a diagnosis.
        groups: Of all, r, c, f.
        counts_of: From a diagnosis and a group to counts by part.

    Returns:
        `row` (its number), `group` and `part` in words, `count` of things in the part, their
        `share` of the group's, a fraction, and the group's `total`, NaN where nobody knows.
    """
    lines: list[tuple[Any, ...]] = []
    for number, of in enumerate(rows):
        for group in groups:
            counts = counts_of(of.diagnosis, group) if of.diagnosis else {}
            total = sum(counts.values())
            about = number, group_name(group)
            if not total:
                lines.append((*about, None, None, None, 0 if of.diagnosis else None))
                continue
            for part, count in counts.items():
                lines.append((*about, part, count, round(count / total, 4), total))
    return pd.DataFrame(lines, columns=COLUMNS)


def share_bars(
    table: str,
    groups: Sequence[str],
    colours: Mapping[str, str],
    *,
    title: str,
    of: str,
    shown: int,
    look: Look,
    width: Width,
) -> Chart:
    """A chart of such a table.

    Args:
        table: Its name.
        groups: From above to below.
        colours: Names of colours by part, from left to right.
        title: Of the panel.
        of: What is counted, such as "wrong detections".
        shown: Number of the row that is drawn.
        look: Colours and type.
        width: Of the plot.
    """
    base = of_row(table).transform_calculate(place=f"indexof({list(colours)}, datum.part)")
    bands = alt.Scale(
        domain=[group_name(group) for group in groups], paddingInner=0.5, paddingOuter=0.4
    )
    y = alt.Y("group:N", sort=None, scale=bands, axis=None)
    x = alt.X(
        "share:Q",
        stack="zero",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(title=f"share of {of}", format="%", tickCount=5, labelFlush=False),
    )
    bars = (
        base.transform_filter("isValid(datum.share)")
        .mark_bar(opacity=1)
        .encode(
            x=x,
            y=y,
            order="place:Q",
            color=alt.Color(
                "part:N",
                scale=colour_scale(look, colours),
                legend=alt.Legend(symbolType="square", columns=fitting(130, width)),
            ),
            tooltip=[
                alt.Tooltip("group:N", title="categories"),
                alt.Tooltip("part:N", title="shown"),
                alt.Tooltip("count:Q", title=of, format=","),
                alt.Tooltip("share:Q", title="of the group's", format=".1%"),
            ],
        )
        .add_params(row(shown))
    )
    height = panel_height(width, 66, 40) * len(groups)
    return framed(alt.layer(bars, _heads(base, y, look, width)), title, width, height, height)


def _heads(base: alt.Chart, y: alt.Y, look: Look, width: Width) -> alt.Chart:
    """Each group's name and number above its bar, or why there is none."""
    nothing = f"isValid(datum.total) ? 'none' : '{NOT_DIAGNOSED}'"
    total = f"datum.total > 0 ? format(datum.total, ',') : {nothing}"
    heads: alt.Chart = (
        base.transform_filter("datum.place <= 0")
        .transform_calculate(head=f"datum.group + ', ' + ({total})")
        .mark_text(align="left", dy=-panel_height(width, 23, 14), color=look["ink"])
        .encode(y=y, x=alt.value(0), text="head:N")
    )
    return heads
