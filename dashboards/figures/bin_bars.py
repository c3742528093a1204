"""Mask AP of categories by their training instances, row by row."""

from collections.abc import Sequence

import pandas as pd

from dashboards.figure import Figure
from dashboards.figures.row_bars import Bars, how_many, most_shown, row_bars
from dashboards.sources.found import Row
from longtail.categories import INSTANCE_BINS
from longtail.results.points import points_or_nan

NAME = "bin-bars"
TITLES = dict(
    zip(
        INSTANCE_BINS,
        (
            "below 10",
            "10 to 99",
            "100 to 999",
            "1000 or more",
        ),
        strict=True,
    )
)


def bin_bars(rows: Sequence[Row], baseline: str = "") -> Figure:
    """The figure; for rows with masks.

    Args:
        rows: Judged by the same annotations.
        baseline: Name of the row whose values are marked in every panel.
    """
    table = bin_table(most_shown(rows, "segm", baseline), baseline)
    defined = {key: title for key, title in TITLES.items() if table[key].notna().any()}
    empty = [title for key, title in TITLES.items() if key not in defined]
    without = f" No category of {', '.join(empty)} instances is judged." if empty else ""
    panels = [Bars(key, f"{title} instances, points", "violet") for key, title in defined.items()]
    return Figure(
        name=NAME,
        title="Mask AP by training instances of the category",
        text=f"In points, without intervals; dashed, the baseline's.{without}{how_many(len(rows))}",
        panels=row_bars(NAME, table, panels),
        tables={NAME: table},
        broad=True,
        least_width=230,
    )


def bin_table(rows: Sequence[Row], baseline: str = "") -> pd.DataFrame:
    """`row`, `is_baseline`, and a column for each bin in points; NaN where undefined."""
    lines = []
    for row in rows:
        bins = row.evaluation.get("bins", {})
        points = {key: points_or_nan(bins.get(key)) for key in INSTANCE_BINS}
        lines.append({"row": row.name, "is_baseline": row.name == baseline, **points})
    return pd.DataFrame(lines)
