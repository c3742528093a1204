"""Federated confusion: what objects of each group are taken for, over judged detections only."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.diagnosis.parts import diagnosed, framed, group_name, of_row
from dashboards.figures.diagnosis.shares import share_bars, share_table
from dashboards.figures.diagnosis.told import line_below_title, told_table
from dashboards.figures.parts import row
from dashboards.look import SEQUENTIAL, Look
from dashboards.sources.found import Row
from longtail.categories import FREQUENCY_GROUPS

CELLS, FATES, TOLD = "confusion", "fates", "confusion-told"
OBJECTS = (*(group_name(letter) for letter in FREQUENCY_GROUPS), "no object")
TAKEN_FOR = (*(f"as {group_name(letter)}" for letter in FREQUENCY_GROUPS), "not found")
FATE_COLOURS = {"right category": "frequent", "other category": "rare", "not found": "grey"}
# The scale's colours are the same on a dark page, and so is what can be read on them.
ON_LOW, ON_HIGH, HIGH = "#ffffff", "#101418", 0.55


def confusion(rows: Sequence[Row], shown: int = -1) -> Figure:
    """The figure: a heat map of groups, and what becomes of the objects of each group.

    Args:
        rows: Of a page; some have a diagnosis.
        shown: Number of the row that is drawn; a page changes it.
    """
    shown %= len(rows)
    return Figure(
        name="confusion",
        title="What objects are taken for",
        text="Judged detections alone: nobody has looked whether the others are right. Cells: how"
        f" many objects, and their share of the line.{_sentence(rows[shown])}",
        panels=(partial(_cells, shown), partial(_fates, shown)),
        tables={
            CELLS: cell_table(rows),
            FATES: share_table(rows, FREQUENCY_GROUPS, fate_counts),
            TOLD: told_table(rows, _told),
        },
        broad=True,
        least_width=300,
    )


def cell_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line for each row and cell of its matrix.

    Returns:
        `row` (its number), `object` (a group, or no object), `detected` (as a group, or not found),
        `count`, and `share` of the line, a fraction, NaN where the line is empty. No object that is
        not found is no cell.
    """
    lines = []
    for number, tree in diagnosed(rows):
        for object_name, counts in zip(OBJECTS, tree["confusion"]["matrix"], strict=True):
            total = sum(counts)
            for detected, count in zip(TAKEN_FOR, counts, strict=True):
                if (object_name, detected) != (OBJECTS[-1], TAKEN_FOR[-1]):
                    share = round(count / total, 4) if total else float("nan")
                    lines.append((number, object_name, detected, count, share))
    return pd.DataFrame(lines, columns=["row", "object", "detected", "count", "share"])


def fate_counts(diagnosis: Mapping[str, Any], group: str) -> dict[str, int]:
    """Objects of a group taken for their category, for another one, and not found."""
    tree = diagnosis["confusion"]
    counts = tree["matrix"][FREQUENCY_GROUPS.index(group)]
    right, missed = tree["same_category"][group], counts[-1]
    return dict(zip(FATE_COLOURS, (right, sum(counts) - right - missed, missed), strict=True))


def _told(tree: Mapping[str, Any]) -> str:
    what = "masks" if tree["kind"] == "segm" else "boxes"
    return f"{what} that overlap by {tree['iou_threshold']:g}"


def _sentence(of: Row) -> str:
    if not of.diagnosis:
        return ""
    parts = []
    for letter in FREQUENCY_GROUPS:
        counts = fate_counts(of.diagnosis, letter)
        if total := sum(counts.values()):
            missed, other = (counts[name] / total for name in ("not found", "other category"))
            parts.append(
                f"{missed:.0%} of {group_name(letter)} objects are not found and {other:.0%} are"
                " taken for another category"
            )
    return f" Of {of.name}: {'; '.join(parts)}." if parts else ""


def _cells(shown: int, look: Look, width: Width) -> Chart:
    base = of_row(CELLS)
    x = alt.X(
        "detected:N",
        sort=None,
        scale=alt.Scale(domain=list(TAKEN_FOR), paddingInner=0.03),
        axis=alt.Axis(title=None, labelAngle=0, orient="bottom", labelOverlap=False),
    )
    y = alt.Y(
        "object:N",
        sort=None,
        scale=alt.Scale(domain=list(OBJECTS), paddingInner=0.05),
        axis=alt.Axis(title="objects of the group"),
    )
    empty = base.transform_filter("!isValid(datum.share)").mark_rect(color=look["grid"])
    tiles = (
        base.transform_filter("isValid(datum.share)")
        .mark_rect(opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "share:Q", scale=alt.Scale(scheme=SEQUENTIAL, domain=[0, 1]), legend=None
            ),
            tooltip=[
                alt.Tooltip("object:N", title="objects"),
                alt.Tooltip("detected:N", title="detected"),
                alt.Tooltip("count:Q", title="number", format=","),
                alt.Tooltip("share:Q", title="of the line", format=".1%"),
            ],
        )
        .add_params(row(shown))
    )
    ink = alt.value(ON_LOW)
    readable = alt.when("!isValid(datum.share)").then(alt.value(look["muted"]))
    readable = readable.when(f"datum.share > {HIGH}").then(alt.value(ON_HIGH))
    texts = base.transform_calculate(
        number="format(datum.count, ',')",
        part="isValid(datum.share) ? format(datum.share, '.0%') : 'none'",
    )
    counts = texts.mark_text(dy=-7, fontWeight=600, fontSize=look.size).encode(
        x=x, y=y, text="number:N", color=readable.otherwise(ink)
    )
    shares = texts.mark_text(dy=8, fontSize=look.size - 1).encode(
        x=x, y=y, text="part:N", color=readable.otherwise(ink)
    )
    told = line_below_title(TOLD, look)
    layers = alt.layer(empty.encode(x=x, y=y), tiles, counts, shares, told)
    return framed(layers.resolve_scale(color="independent"), "by group", width, 220, 130)


def _fates(shown: int, look: Look, width: Width) -> Chart:
    return share_bars(
        FATES,
        FREQUENCY_GROUPS,
        FATE_COLOURS,
        title="what becomes of them",
        of="the group's objects",
        shown=shown,
        look=look,
        width=width,
    )
