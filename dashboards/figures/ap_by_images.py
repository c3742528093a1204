"""AP of each category over its training images: what a long-tail method does, at one glance."""

from collections.abc import Sequence
from functools import partial

import altair as alt
import numpy as np
import pandas as pd

from dashboards.counted import counted
from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.parts import (
    FOUND,
    POINTS,
    ZERO_AT,
    against,
    chosen,
    count_axis,
    group_colour,
    query,
    row,
)
from dashboards.look import Look
from dashboards.sources.found import Row
from longtail.results.points import points_or_nan

TABLE = "categories"
BINS_PER_DECADE = 2


def ap_by_images(rows: Sequence[Row], shown: int = -1, baseline: int = 0) -> Figure:
    """The figure.

    Args:
        rows: Judged by the same annotations, at least one.
        shown: Number of the row that is drawn; a page changes it.
        baseline: Number of the row that hover texts compare it with.
    """
    table = category_table(rows)
    shown %= len(rows)
    what = _what(rows)
    draw: Draw = partial(_chart, table, shown, baseline, rows[shown].name, what)
    return Figure(
        name="ap-by-images",
        title=f"{what} of each category over its training images",
        text="A dot is a category; the line is the mean of half decades of images with its 95%"
        " interval over categories." + _left_out(rows, table),
        panels=(draw,),
        tables={TABLE: table},
        broad=True,
    )


def category_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line for each category that some row is judged on, by ascending id.

    Returns:
        `id`, `name`, `group` (r, c, f; "" where counts are not known), `images` and `instances` of
        training (None where not known), then `a0`, `a1`, ...: AP in points of each row, of masks,
        or of boxes where a row has no masks; NaN where undefined.
    """
    of_rows = [_ap_by_id(row) for row in rows]
    records = {of["id"]: of for row in rows for of in row.evaluation["per_category"]}
    lines = []
    for number in sorted(records):
        values = [of_row.get(number, np.nan) for of_row in of_rows]
        if all(np.isnan(values)):
            continue
        record = records[number]
        lines.append(
            {
                "id": number,
                "name": record["name"],
                "group": record["group"],
                "images": _known(record["image_count"]),
                "instances": _known(record["instance_count"]),
                **{f"a{place}": round(value, 2) for place, value in enumerate(values)},
            }
        )
    columns = ["id", "name", "group", "images", "instances", *(f"a{i}" for i in range(len(rows)))]
    return pd.DataFrame(lines, columns=columns)


def _ap_by_id(row: Row) -> dict[int, float]:
    key = "segm_ap" if row.ap_kind == "segm" else "box_ap"
    return {of["id"]: points_or_nan(of[key]) for of in row.evaluation["per_category"]}


def _known(count: int) -> int | None:
    return None if count < 0 else count


def _what(rows: Sequence[Row]) -> str:
    """What is drawn: AP of masks, of boxes, or of each where rows differ in it."""
    of_masks = [row.ap_kind == "segm" for row in rows]
    if all(of_masks):
        return "Mask AP"
    return "AP (of masks, or of boxes where a row has no masks)" if any(of_masks) else "Box AP"


def _left_out(rows: Sequence[Row], table: pd.DataFrame) -> str:
    """A sentence on the categories that have no dot, if there are any."""
    num = len({of["id"] for row in rows for of in row.evaluation["per_category"]})
    text = ""
    if num > len(table):
        left = f"{num - len(table):,} of {counted(num, 'category')}"
        text += f" {left} without AP: none is annotated here."
    if unknown := int(table["images"].isna().sum()):
        text += f" {unknown:,} are not drawn: their training images are not known."
    return text


def _chart(
    table: pd.DataFrame,
    shown: int,
    baseline: int,
    name: str,
    what: str,
    look: Look,
    width: Width,
) -> Chart:
    images = table["images"].dropna()
    # As wide as the counts are.
    low = 0.45 if (images == 0).any() else 0.8
    x = count_axis("x", "training images of the category", low, max(10, *images, 0) * 1.3)
    y = alt.Y(
        "ap:Q", title=f"{what.partition(' (')[0]} in points", scale=alt.Scale(domain=[0, 100])
    )
    base = (
        alt.Chart(alt.NamedData(TABLE))
        .transform_calculate(
            ap="datum['a' + row]",
            change="datum['a' + row] - datum['a' + against]",
            x=f"max(datum.images, {ZERO_AT})",
        )
        .transform_filter("isValid(datum.ap) && isValid(datum.images)")
    )
    layers = alt.layer(_dots(base, x, y, look, shown, baseline), *_means(base, look))
    ring = base.transform_filter("datum.id == chosen")
    ringed = ring.mark_point(size=90, stroke=look["ink"], strokeWidth=2, fill=None, aria=False)
    told = (
        ring.transform_calculate(
            told="datum.name + ': ' + format(datum.ap, '.1f') + ' AP, ' + datum.images + ' images'"
        )
        .mark_text(align="right", baseline="top", fontWeight=600, aria=False)
        .encode(x=alt.value("width"), y=alt.value(3), text="told:N")
    )
    layers = alt.layer(layers, ringed.encode(x="x:Q", y="ap:Q"), told)
    if width == "container":
        return layers.properties(width=width, height=360)
    return layers.properties(width=width, height=240, title=name)


def _dots(base: alt.Chart, x: alt.X, y: alt.Y, look: Look, shown: int, baseline: int) -> alt.Chart:
    opacity = (
        alt.when(FOUND)
        .then(alt.value(1))
        .when("query != ''")
        .then(alt.value(0.06))
        .otherwise(alt.value(0.5))
    )
    dots: alt.Chart = (
        base.mark_circle(size=26, opacity=1, aria=False)
        .encode(
            x=x,
            y=y,
            color=group_colour(look),
            fillOpacity=opacity,
            tooltip=[
                alt.Tooltip("name:N", title="category"),
                alt.Tooltip("images:Q", title="training images", format=","),
                alt.Tooltip("ap:Q", title="AP", format=POINTS),
                alt.Tooltip("change:Q", title="against the other row", format="+.1f"),
            ],
        )
        .add_params(query(), chosen(), row(shown), against(baseline))
    )
    return dots


def _means(base: alt.Chart, look: Look) -> tuple[alt.Chart, alt.Chart]:
    binned = (
        base.transform_calculate(
            power="log(datum.x) / LN10", bin=f"floor(datum.power * {BINS_PER_DECADE})"
        )
        .transform_aggregate(
            mean="mean(ap)",
            error="stderr(ap)",
            middle="mean(power)",
            first="min(images)",
            last="max(images)",
            number="count()",
            groupby=["bin"],
        )
        .transform_calculate(
            x="pow(10, datum.middle)",
            low="max(datum.mean - 1.96 * datum.error, 0)",
            high="min(datum.mean + 1.96 * datum.error, 100)",
        )
    )
    ink = look["ink"]
    # A mean of one has no interval.
    error = binned.transform_filter("datum.number > 1").mark_rule(color=ink, strokeWidth=1.5)
    line = binned.mark_line(color=ink, strokeWidth=2, point={"color": ink, "size": 36}).encode(
        x="x:Q",
        y="mean:Q",
        tooltip=[
            alt.Tooltip("first:Q", title="from training images", format=","),
            alt.Tooltip("last:Q", title="to", format=","),
            alt.Tooltip("number:Q", title="categories"),
            alt.Tooltip("mean:Q", title="mean AP", format=POINTS),
        ],
    )
    return error.encode(x="x:Q", y="low:Q", y2="high:Q"), line
