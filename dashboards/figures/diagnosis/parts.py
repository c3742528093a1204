"""What figures of diagnoses have in common: which rows have one, and lines that follow the row."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from dashboards.figure import Width
from dashboards.look import Look
from dashboards.sources.found import Row
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES

GROUPS = ("all", *FREQUENCY_GROUPS)
NOT_DIAGNOSED = "not diagnosed"


def group_name(group: str) -> str:
    """The group in words."""
    return GROUP_NAMES.get(group, "all")


def diagnosed(rows: Sequence[Row]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Numbers and diagnoses of the rows that have one."""
    return ((number, row.diagnosis) for number, row in enumerate(rows) if row.diagnosis)


def undiagnosed(rows: Sequence[Row]) -> list[int]:
    """Numbers of the others."""
    return [number for number, row in enumerate(rows) if not row.diagnosis]


def of_row(table: str, condition: str = "true") -> alt.Chart:
    """A chart of the lines that the page's row has, by the column `row`; some layer declares it."""
    return alt.Chart(alt.NamedData(table)).transform_filter(f"datum.row == row && {condition}")


def line_below_title(table: str, condition: str, look: Look) -> alt.Chart:
    """The column `text` of the row's line, between a panel's title and its plot.

    Args:
        table: With `row` and `text`.
        condition: Which of its lines, in Vega's words.
        look: Colours and type.
    """
    line: alt.Chart = (
        of_row(table, condition)
        .mark_text(align="left", baseline="bottom", color=look["muted"], fontSize=look.size)
        .encode(x=alt.value(0), y=alt.value(-5), text="text:N")
    )
    return line


def panel_title(text: str) -> alt.TitleParams:
    """A title above such a line, where the plot begins."""
    return alt.TitleParams(text, frame="group", offset=4)


def panel_height(width: Width, on_page: int, on_paper: int) -> int:
    """Of a plot in pixels, wherever it is drawn."""
    return on_page if width == "container" else on_paper
