"""AP of rare, common and frequent categories, row by row: where a method gains and loses."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboards.ablation.cells import interval_of
from dashboards.figure import Figure
from dashboards.figures.row_bars import Bars, how_many, most_shown, row_bars
from dashboards.look import GROUP_COLOURS
from dashboards.measured import possible, told_of_ends
from dashboards.sources.found import Row
from longtail.categories import GROUP_NAMES
from longtail.metrics import GROUP_METRICS, KIND_NAMES
from longtail.results.points import points_or_nan

NAME = "group-bars"
ENDS = ("low", "high")
TITLES = {"AP": "AP", **{f"AP{letter}": f"AP{letter}, {of}" for letter, of in GROUP_NAMES.items()}}
COLOURS = {"AP": "grey", **{f"AP{letter}": of for letter, of in GROUP_COLOURS.items()}}


def group_bars(rows: Sequence[Row], baseline: str = "", kind: str = "segm") -> Figure:
    """The figure.

    Args:
        rows: Judged by the same annotations.
        baseline: Name of the row whose values are marked in every panel.
        kind: What AP is of, "segm" or "box".
    """
    table = group_table(most_shown(rows, kind, baseline), baseline, kind)
    word = KIND_NAMES[kind]
    ends = table[[f"{key}_{end}" for key in GROUP_METRICS for end in ENDS]]
    told = told_of_ends(ends.to_numpy(float).ravel().tolist())
    panels = [
        Bars(key, f"{word} {TITLES[key]}, points", COLOURS[key], True) for key in GROUP_METRICS
    ]
    return Figure(
        name=NAME,
        title=f"{word.capitalize()} AP by frequency group",
        text=f"With 95% intervals; dashed, the baseline's.{how_many(len(rows))}{told}",
        panels=row_bars(NAME, table, panels),
        tables={NAME: table},
        broad=True,
        least_width=230,
    )


def group_table(rows: Sequence[Row], baseline: str = "", kind: str = "segm") -> pd.DataFrame:
    """A line for each row, in their order.

    Returns:
        `row`, `is_baseline`, then for AP, APr, APc and APf the value and `_low` and `_high`, the
        ends of its 95% interval, at 0 or 100 where it goes on; in points, NaN where undefined.
    """
    lines = []
    for row in rows:
        line: dict[str, Any] = {"row": row.name, "is_baseline": row.name == baseline}
        for key in GROUP_METRICS:
            interval = interval_of(row, kind, key) or {}
            line[key] = points_or_nan(row.evaluation[kind][key])
            for end in ENDS:
                line[f"{key}_{end}"] = possible(points_or_nan(interval.get(end)))
        lines.append(line)
    return pd.DataFrame(lines)
