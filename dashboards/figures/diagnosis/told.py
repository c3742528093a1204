"""What is said between a panel's title and its plot: a line that follows the row."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figures.diagnosis.parts import diagnosed, of_row
from dashboards.look import Look
from dashboards.sources.found import Row
from longtail.categories import FREQUENCY_GROUPS

NOT_DIAGNOSED = "not diagnosed"


def told_table(rows: Sequence[Row], told: Callable[[Mapping[str, Any]], str]) -> pd.DataFrame:
    """A line for each row: `row` (its number), `text`.

    Args:
        rows: Of a page; those without a diagnosis say so.
        told: Makes the text of a diagnosis.
    """
    texts = dict.fromkeys(range(len(rows)), NOT_DIAGNOSED)
    texts |= {number: told(tree) for number, tree in diagnosed(rows)}
    return pd.DataFrame([*texts.items()], columns=["row", "text"])


def told_by_group(
    rows: Sequence[Row], told: Callable[[Mapping[str, Any], str], str]
) -> pd.DataFrame:
    """A line for each row and frequency group: `row` (its number), `group`, `text`.

    Args:
        rows: Of a page; those without a diagnosis say so.
        told: Makes the text of a diagnosis and a group.
    """
    lines = [
        (number, letter, told(of.diagnosis, letter) if of.diagnosis else NOT_DIAGNOSED)
        for number, of in enumerate(rows)
        for letter in FREQUENCY_GROUPS
    ]
    return pd.DataFrame(lines, columns=["row", "group", "text"])


def line_below_title(table: str, look: Look, condition: str = "true") -> alt.Chart:
    """The column `text` of the row's line.

    Args:
        table: With `row` and `text`.
        look: Colours and type.
        condition: Which of its lines, in Vega's words.
    """
    line: alt.Chart = (
        of_row(table, condition)
        .mark_text(align="left", baseline="bottom", color=look["muted"], fontSize=look.size)
        .encode(x=alt.value(0), y=alt.value(-5), text="text:N")
    )
    return line
