"""How sure the difference of each category is, for the page that shows it beside the AP."""

from collections.abc import Sequence
from dataclasses import replace

from dashboards.figure import Figure
from dashboards.sources.comparing import category_differences
from dashboards.sources.found import Row

TABLE = "category_differences"


def with_category_intervals(figure: Figure, rows: Sequence[Row], baseline: int) -> Figure:
    """The figure with the table of half widths beside its own, where rows can be compared."""
    table = category_differences(rows, baseline)
    return figure if table is None else replace(figure, tables={**figure.tables, TABLE: table})
