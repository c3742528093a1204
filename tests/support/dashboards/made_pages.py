"""Pages of made-up results, as files."""

import json
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
from support.dashboards.made_results import made_grid, made_report

from dashboards.figures.ap_by_images import TABLE, ap_by_images
from dashboards.pages.document import document
from dashboards.sections.by_category import DIFFERENCES, section_of
from dashboards.sections.header import header
from dashboards.sections.ranking import ranking
from dashboards.sources.grid import read_grid

HALF_WIDTH = 7.0
"""Of the interval of each difference, in points."""


@dataclass(frozen=True)
class Made:
    """Attributes:
    file: The page.
    grid: What it shows.
    """

    file: Path
    grid: Path

    def evaluation(self, row: int) -> dict[str, Any]:
        """What a row's file says."""
        path = self.grid / f"row_{row}" / "evaluation" / "evaluation.json"
        tree: dict[str, Any] = json.loads(path.read_text())
        return tree

    def categories(self, row: int) -> list[dict[str, Any]]:
        """A row's records by category."""
        records: list[dict[str, Any]] = self.evaluation(row)["per_category"]
        return records


def made_page(folder: Path, num_rows: int, num_categories: int) -> Made:
    """Rows, and categories of which all but the second have intervals of their differences."""
    grid = made_grid(folder, num_rows, num_categories)
    report = made_report(read_grid(grid))
    figure = ap_by_images(report.rows)
    tables = {**figure.tables, DIFFERENCES: made_differences(figure.tables[TABLE], num_rows)}
    made = [make(report) for make in (header, ranking)]
    sections = [*filter(None, made), section_of(replace(figure, tables=tables), num_rows)]
    file = folder / "page.html"
    file.write_text(document("Made", "", sections, [row.name for row in report.rows], num_rows - 1))
    return Made(file, grid)


def made_differences(table: pd.DataFrame, num_rows: int) -> pd.DataFrame:
    """Half widths for all pairs of rows, not known of the second category."""
    pairs = [f"e{low}_{high}" for low, high in combinations(range(num_rows), 2)]
    half_widths = [HALF_WIDTH, None] + [HALF_WIDTH] * (len(table) - 2)
    return pd.DataFrame({"id": table["id"], **dict.fromkeys(pairs, half_widths)})
