"""Everything that a report draws and lists, as files for a paper."""

from pathlib import Path

from dashboards.export import figure_files
from dashboards.figure import COLUMN_WIDTH, PAGE_WIDTH, Figure
from dashboards.figures.ap_by_images import TABLE
from dashboards.pages.all_categories import all_categories
from dashboards.pages.report import sections_of
from dashboards.sources.found import Report
from dashboards.tables import Table, csv_table, latex_table
from longtail.files import write_json, write_text

INDEX = "figures.json"
"""Written last; says what is there."""


def export_report(report: Report, folder: Path) -> int:
    """Write every figure at the widths of a column and of a page, and every table.

    Args:
        report: What is shown.
        folder: Made if absent; gets `column/NAME.svg`, `page/NAME.svg` and so on, and
            `tables/NAME.csv` and `NAME.tex`.

    Returns:
        How many figures and tables there are.
    """
    blocks = [block for section in sections_of(report, None) for block in section.blocks]
    figures = [block for block in blocks if isinstance(block, Figure)]
    tables = [block for block in blocks if isinstance(block, Table)]
    tables += [all_categories(report, figure) for figure in figures if TABLE in figure.tables]
    for figure in figures:
        for name, width in (("column", COLUMN_WIDTH), ("page", PAGE_WIDTH)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            figure_files(figure, folder / name, width=width)
    for table in tables:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        write_text(folder / "tables" / f"{table.name}.csv", csv_table(table))
        write_text(folder / "tables" / f"{table.name}.tex", latex_table(table))
    told = {
        "figures": {figure.name: figure.title for figure in figures},
        "tables": {table.name: table.title for table in tables},
    }
    write_json(folder / INDEX, told)
    return len(figures) + len(tables)
