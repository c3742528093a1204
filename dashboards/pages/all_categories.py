"""The page's table of all categories as one for papers."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from dashboards.figure import Figure
from dashboards.figures.ap_by_images import TABLE
from dashboards.measured import Measured
from dashboards.sections.by_category import DIFFERENCES
from dashboards.sources.found import Report, Row
from dashboards.tables import Column, Table
from longtail.results.points import points_or_nan

NAME = "all-categories"
UNKNOWN = "not known"


def all_categories(report: Report, figure: Figure) -> Table:
    """AP of every row by category, with its difference to the baseline and half the interval.

    Args:
        report: Whose rows are shown, at least one.
        figure: The page's, of AP by category.
    """
    columns = [
        Column("category", "category"),
        Column("group", "group", undefined=UNKNOWN),
        Column("training_images", "images", "d", undefined=UNKNOWN),
        Column("training_instances", "instances", "d", undefined=UNKNOWN),
        *(Column(_key(row), row.name) for row in report.rows),
    ]
    text = "AP in points"
    if len(report.rows) > 1:
        text += f"; small: the difference to {report.baseline} and half its 95% interval"
    return Table(NAME, "All categories", columns, list(_lines(report, figure)), f"{text}.")


def _lines(report: Report, figure: Figure) -> Iterator[dict[str, Any]]:
    of_rows = [_ap_by_id(row) for row in report.rows]
    widths = figure.tables.get(DIFFERENCES, pd.DataFrame({"id": []})).set_index("id")
    for category in figure.tables[TABLE].to_dict("records"):
        number = category["id"]
        aps = [of_row.get(number, math.nan) for of_row in of_rows]
        yield {
            "category": category["name"],
            "group": category["group"] or None,
            "training_images": _count(category["images"]),
            "training_instances": _count(category["instances"]),
            **{
                _key(row): _measured(aps, place, report.number(report.baseline), widths, number)
                for place, row in enumerate(report.rows)
            },
        }


def _measured(
    aps: list[float], place: int, baseline: int, widths: pd.DataFrame, category: int
) -> Measured:
    difference = aps[place] - aps[baseline]
    if place == baseline or math.isnan(difference):
        return Measured(aps[place])
    column = f"e{min(place, baseline)}_{max(place, baseline)}"
    is_known = column in widths.columns and category in widths.index
    width = float(widths.at[category, column]) if is_known else math.nan
    below = f"{difference:+.2f}" + ("" if math.isnan(width) else f" \u00b1 {width:.2f}")
    return Measured(aps[place], below, more={"difference": difference, "half_interval": width})


def _ap_by_id(row: Row) -> dict[int, float]:
    key = "segm_ap" if row.ap_kind == "segm" else "box_ap"
    return {of["id"]: points_or_nan(of[key]) for of in row.evaluation["per_category"]}


def _key(row: Row) -> str:
    return f"AP of {row.name}"


def _count(number: float | None) -> int | None:
    return None if number is None or math.isnan(number) else int(number)
