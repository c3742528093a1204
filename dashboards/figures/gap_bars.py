"""How far masks are behind boxes: box AP - mask AP by frequency group and by size."""

from collections.abc import Sequence

import pandas as pd

from dashboards.figure import Figure
from dashboards.figures.row_bars import Bars, how_many, most_shown, row_bars
from dashboards.look import GROUP_COLOURS
from dashboards.sources.found import Row
from longtail.categories import GROUP_NAMES
from longtail.metrics import GAP
from longtail.results.points import points_or_nan

NAME = "gap-bars"
SIZES = {"APs": "small", "APm": "medium", "APl": "large"}
PANELS = (
    Bars("all", "all, points", "grey"),
    *(Bars(letter, f"{GROUP_NAMES[letter]}, points", of) for letter, of in GROUP_COLOURS.items()),
    *(Bars(key, f"{size}, points", "violet") for key, size in SIZES.items()),
)


def gap_bars(rows: Sequence[Row], baseline: str = "") -> Figure:
    """The figure; for rows with masks.

    Args:
        rows: Judged by the same annotations.
        baseline: Name of the row whose values are marked in every panel.
    """
    table = gap_table(most_shown(rows, "segm", baseline), baseline)
    # A size that no object of the data has would be an empty panel.
    panels = [bars for bars in PANELS if table[bars.field].notna().any()]
    return Figure(
        name=NAME,
        title="Box AP - mask AP",
        text="What better masks could gain, by frequency group and by size (below 32 x"
        f" 32 pixels, to 96 x 96, above); dashed, the baseline's.{how_many(len(rows))}",
        panels=row_bars(NAME, table, panels),
        tables={NAME: table},
        broad=True,
        least_width=230,
    )


def gap_table(rows: Sequence[Row], baseline: str = "") -> pd.DataFrame:
    """`row`, `is_baseline`, `all`, `r`, `c`, `f`, `APs`, `APm`, `APl`: gaps in points, or NaN."""
    lines = []
    for row in rows:
        tree = row.evaluation
        of_groups = tree.get("gap_by_group", {})
        lines.append(
            {
                "row": row.name,
                "is_baseline": row.name == baseline,
                "all": points_or_nan(tree[GAP]),
                **{letter: points_or_nan(of_groups.get(letter)) for letter in GROUP_NAMES},
                **{key: _gap_of_size(row, key) for key in SIZES},
            }
        )
    return pd.DataFrame(lines)


def _gap_of_size(row: Row, key: str) -> float:
    return points_or_nan(row.evaluation["box"].get(key)) - points_or_nan(
        row.evaluation["segm"].get(key)
    )
