"""What the cap on detections of an image cut of a merge, by frequency group."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.parts import COUNTS, fitting
from dashboards.look import GROUP_COLOURS, Look
from longtail.categories import GROUP_NAMES

ROW = 44


def cap_pressure(statistics: Mapping[str, Any], max_dets: int, suffix: str = "") -> Figure | None:
    """The figure; None for a merge without objects.

    Args:
        statistics: The tree of a merge's `stats.json`.
        max_dets: The cap.
        suffix: Of the names of this merge's figures.
    """
    table, name = cap_table(statistics), f"merge-cap{suffix}"
    if not table.objects.sum():
        return None
    binds, images = statistics["cap"]["images_where_it_binds"], statistics["images"]
    panels = [partial(_chart, name, of) for of in dict.fromkeys(table.of)]
    return Figure(
        name=name,
        title="What the cap cuts",
        text=f"At most {max_dets} detections of an image are kept, those of highest score + margin."
        f" The cap binds in {binds:,} of {images:,} images. Pale: cut.",
        panels=tuple(panels),
        tables={name: table},
    )


def cap_table(statistics: Mapping[str, Any]) -> pd.DataFrame:
    """What is kept and cut.

    Returns:
        `of` (masks, or boxes of a submission of their own), `group` (rare, ...), `state` (kept,
        cut), `objects`, `total` of the group, `cut`, its share that was cut, NaN without any.
    """
    lines = []
    parts = {"masks": statistics["cap"], "boxes": statistics.get("boxes", {})}
    for of, counts in parts.items():
        if not any(sum(each.values()) for each in (counts.get("kept", {}), counts.get("cut", {}))):
            continue
        for letter, group in GROUP_NAMES.items():
            kept, cut = counts["kept"][letter], counts["cut"][letter]
            total = kept + cut
            share = cut / total if total else float("nan")
            for state, objects in (("kept", kept), ("cut", cut)):
                lines.append((of, group, state, objects, total, share))
    return pd.DataFrame(lines, columns=["of", "group", "state", "objects", "total", "cut"])


def _chart(table: str, of: str, look: Look, width: Width) -> Chart:
    base = alt.Chart(alt.NamedData(table)).transform_filter(f"datum.of == '{of}'")
    groups = list(GROUP_NAMES.values())
    y = alt.Y("group:N", sort=None, title=None, scale=alt.Scale(domain=groups),
              axis=alt.Axis(grid=False, labelColor=look["ink"]))  # fmt: skip
    colours = [look[GROUP_COLOURS[letter]] for letter in GROUP_NAMES]
    bars = base.mark_bar(opacity=1, height={"band": 0.6}).encode(
        y=y,
        x=alt.X(
            "objects:Q",
            title=f"objects with {of}",
            axis=alt.Axis(tickCount=fitting(70, width), tickMinStep=1, labelExpr=COUNTS),
        ),
        order=alt.Order("state:N", sort="descending"),
        color=alt.Color("group:N", scale=alt.Scale(domain=groups, range=colours), legend=None),
        fillOpacity=alt.condition("datum.state == 'kept'", alt.value(1), alt.value(0.32)),
        tooltip=[
            alt.Tooltip("group:N"),
            alt.Tooltip("state:N", title="by the cap"),
            alt.Tooltip("objects:Q", format=","),
            alt.Tooltip("cut:Q", title="share cut", format=".1%"),
        ],
    )
    text = (
        base.transform_filter("datum.state == 'kept' && isValid(datum.cut)")
        .transform_calculate(label="format(datum.cut, '.0%') + ' cut'")
        .mark_text(align="left", dx=6)
        .encode(y=y, x="total:Q", text="label:N")
    )
    layers = alt.layer(bars, text)
    return layers.properties(width=width, height=ROW * len(groups))
