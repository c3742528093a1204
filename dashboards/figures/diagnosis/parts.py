"""What figures of diagnoses have in common: which rows have one, and panels that follow the row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from dashboards.figure import Chart, Draw, Width
from dashboards.sources.found import Row
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES

GROUPS = ("all", *FREQUENCY_GROUPS)


def group_name(group: str) -> str:
    """The group in words."""
    return GROUP_NAMES.get(group, "all")


def diagnosed(rows: Sequence[Row]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Numbers and diagnoses of the rows that have one."""
    return ((number, row.diagnosis) for number, row in enumerate(rows) if row.diagnosis)


def of_row(table: str, condition: str = "true") -> alt.Chart:
    """A chart of the lines that the page's row has, by the column `row`; some layer declares it."""
    return alt.Chart(alt.NamedData(table)).transform_filter(f"datum.row == row && {condition}")


def by_group(draw: Callable[[str], Draw]) -> tuple[Draw, ...]:
    """A panel for each frequency group, from the frequent one to the rare one."""
    return tuple(draw(letter) for letter in reversed(FREQUENCY_GROUPS))


def framed(
    layers: Chart, title: str | alt.ExprRef, width: Width, on_page: int, on_paper: int
) -> Chart:
    """A panel under its title, which begins where the plot does.

    Args:
        layers: What is drawn.
        title: Of the panel.
        width: Of the plot.
        on_page: Its height in pixels on a page.
        on_paper: The same on paper.
    """
    whole: Chart = layers.properties(
        width=width,
        height=panel_height(width, on_page, on_paper),
        title=alt.TitleParams(title, frame="group", offset=4),
    )
    return whole


def panel_height(width: Width, on_page: int, on_paper: int) -> int:
    """Of a plot in pixels, wherever it is drawn."""
    return on_page if width == "container" else on_paper
