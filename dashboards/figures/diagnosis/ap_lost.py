"""What errors cost: AP that correcting each type gains, and what AP loses to places and names."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.diagnosis.error_types import TYPES
from dashboards.figures.diagnosis.parts import (
    GROUPS,
    diagnosed,
    framed,
    group_name,
    of_row,
    panel_height,
)
from dashboards.figures.diagnosis.told import line_below_title, told_table
from dashboards.figures.name_axis import name_axis
from dashboards.figures.parts import POINTS, colour_scale, row
from dashboards.look import GROUP_COLOURS, Look
from dashboards.sources.found import Row
from longtail.metrics import UNDEFINED, points_text
from longtail.results.points import points_or_nan

TABLE, TOLD = "ap-lost", "ap-lost-told"
GAINS = {**TYPES, "missed": "missed objects"}
LOSSES = {
    "AP": "AP as it is",
    "localisation": "lost to places",
    "classification": "lost to categories",
    "together": "lost to both together",
    "rest": "lost to all else",
}
"""What files call it, and what readers understand."""
PARTS = {"ap_gain": GAINS, "ap_loss": LOSSES}
COLOURS = {"all": "grey", **GROUP_COLOURS}


def ap_lost(rows: Sequence[Row], shown: int = -1) -> Figure:
    """The figure: gains at the diagnosis's overlap, and losses of AP over ten overlaps.

    Args:
        rows: Of a page; some have a diagnosis.
        shown: Number of the row that is drawn; a page changes it.
    """
    shown %= len(rows)
    table = lost_table(rows)
    return Figure(
        name="ap-lost",
        title="What errors cost",
        text="Gained: AP at one overlap, if one type of error were corrected everywhere. Lost:"
        " of AP over ten overlaps; places and categories both cost some of the same points, so that"
        f" both together are less than their sum.{_sentence(rows[shown])}",
        panels=tuple(partial(_chart, table, part, shown) for part in PARTS),
        tables={TABLE: table, TOLD: told_table(rows, _told)},
        broad=True,
        least_width=300,
    )


def lost_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line for each row, part, item and group with a value.

    Returns:
        `row` (its number), `of` ("ap_gain" or "ap_loss"), `item` in words, `group` (all, r, c, f),
        and `points` of AP.
    """
    lines = [
        (number, part, words, group, round(points_or_nan(tree[part][name][group]), 2))
        for number, tree in diagnosed(rows)
        for part, items in PARTS.items()
        for name, words in items.items()
        for group in GROUPS
        if tree[part][name][group] != UNDEFINED
    ]
    return pd.DataFrame(lines, columns=["row", "of", "item", "group", "points"])


def _told(tree: Mapping[str, Any]) -> str:
    holes = [group_name(of) for of in GROUPS if tree["ap_loss"]["AP"][of] == UNDEFINED]
    return f"not defined, no object: {', '.join(holes)}" if holes else ""


def _sentence(of: Row) -> str:
    if not of.diagnosis:
        return ""
    loss, parts = of.diagnosis["ap_loss"], []
    for group in GROUPS:
        if loss["AP"][group] != UNDEFINED:
            places, names = (loss[key][group] for key in ("localisation", "classification"))
            what, most = ("places", places) if places > names else ("categories", names)
            # Neither costs a hundredth of a point: what is left is lost to something else.
            told = f"{points_text(most)} to {what}" if round(most, 4) > 0 else "nothing to either"
            parts.append(f"{group_name(group)} {told}")
    told = "Of places and categories, the larger loss"
    return f" {told} of {of.name}: {', '.join(parts)}." if parts else ""


def _chart(table: pd.DataFrame, part: str, shown: int, look: Look, width: Width) -> Chart:
    items = list(PARTS[part].values())
    groups = {group: group_name(group) for group in GROUPS}
    names = name_axis(items, look, width)
    y = alt.Y(
        "item:N",
        sort=None,
        scale=alt.Scale(domain=items, paddingInner=0.25),
        axis=alt.Axis(title=None, labelExpr=names.label_expr, labelLimit=0),
    )
    points = table["points"][table["of"] == part]
    ends = [min([0.0, *points]), max([1.0, *points])]
    title = "points of AP gained" if part == "ap_gain" else "points of AP"
    bars = (
        of_row(TABLE, f"datum.of == '{part}'")
        .mark_bar(opacity=1)
        .encode(
            y=y,
            yOffset=alt.YOffset("group:N", sort=None, scale=alt.Scale(domain=list(GROUPS))),
            x=alt.X(
                "points:Q", scale=alt.Scale(domain=ends), axis=alt.Axis(title=title, tickCount=5)
            ),
            color=alt.Color(
                "group:N",
                scale=colour_scale(look, COLOURS),
                legend=alt.Legend(
                    labelExpr=f"{groups}[datum.label]",
                    symbolType="square",
                    columns=names.fitting(62),
                ),
            ),
            tooltip=[
                alt.Tooltip("item:N", title="shown"),
                alt.Tooltip("group:N", title="categories"),
                alt.Tooltip("points:Q", title="points", format=POINTS),
            ],
        )
        .add_params(row(shown))
    )
    heads = {"ap_gain": "gained by correcting", "ap_loss": "lost over ten overlaps"}
    layers = alt.layer(bars, line_below_title(TOLD, look))
    height = panel_height(width, 44, 24) * len(items)
    return framed(layers, heads[part], names.plot, height, height)
