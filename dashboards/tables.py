"""Tables of results in HTML, LaTeX and CSV, from one description.

A value that is not defined says so; it is never 0. In a column of numbers the best is in bold.
"""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

UNDEFINED_TEXT = "not defined"


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        key: Of the rows' values.
        title: Its head.
        format: Of numbers, as in `format(value, ".2f")`; text is shown as it is.
        hint: What the head means, shown when pointed at.
        best: "high" or "low": which number is in bold; "" for none.
        undefined: What is shown where a row has no value.
    """

    key: str
    title: str
    format: str = ".2f"
    hint: str = ""
    best: str = ""
    undefined: str = UNDEFINED_TEXT

    def text(self, value: Any) -> str:
        """A value as people read it."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return self.undefined
        return value if isinstance(value, str) else format(value, self.format)


@dataclass(frozen=True)
class Table:
    """Attributes:
    name: Of its files and its place on a page: small letters, digits and hyphens.
    title: A few words.
    columns: From left to right; the first names the row.
    rows: Values by the columns' keys; None or NaN where undefined.
    text: How to read it, in a sentence.
    classes: CSS classes of a row, from the row.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[dict[str, Any]]
    text: str = ""
    classes: Callable[[dict[str, Any]], str] = field(default=lambda row: "", repr=False)

    def best(self, column: Column) -> float | None:
        """The number of a column that is in bold, if there are two to choose from."""
        values = [row[column.key] for row in self.rows if _is_number(row.get(column.key))]
        if not column.best or len(values) < 2:
            return None
        return float(max(values) if column.best == "high" else min(values))


def html_table(table: Table) -> str:
    """A table that can be sorted by its heads where scripts run, and read where they do not."""
    heads = "".join(
        f'<th scope="col"{_side(table, column)}{_hint(column)}><button type="button">'
        f"{escape(column.title)}</button></th>"
        for column in table.columns
    )
    best = {column.key: table.best(column) for column in table.columns}
    lines = []
    for row in table.rows:
        cells = [
            _cell(column, row.get(column.key), best[column.key], i == 0)
            for i, column in enumerate(table.columns)
        ]
        classes = table.classes(row)
        attribute = f' class="{escape(classes)}"' if classes else ""
        lines.append(f"<tr{attribute}>{''.join(cells)}</tr>")
    caption = f"<caption><b>{escape(table.title)}</b> {escape(table.text)}</caption>"
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.title)}">'
        f'<table id="{table.name}" class="sortable">{caption}<thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def csv_table(table: Table) -> str:
    """All values in full precision; empty where undefined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    for row in table.rows:
        values = [row.get(column.key) for column in table.columns]
        writer.writerow(["" if _is_undefined(value) else value for value in values])
    return text.getvalue()


def latex_table(table: Table) -> str:
    """A `tabular` of booktabs, best numbers in bold."""
    align = "".join("l" if _is_text(table, column) else "r" for column in table.columns)
    best = {column.key: table.best(column) for column in table.columns}
    lines = [" & ".join(_latex(column.title) for column in table.columns) + r" \\", r"\midrule"]
    for row in table.rows:
        cells = []
        for column in table.columns:
            value = row.get(column.key)
            text = "--" if _is_undefined(value) else _latex(column.text(value))
            is_best = _is_number(value) and value == best[column.key]
            cells.append(rf"\textbf{{{text}}}" if is_best else text)
        lines.append(" & ".join(cells) + r" \\")
    body = "\n".join(lines)
    return (
        f"% {table.title}; needs \\usepackage{{booktabs}}\n"
        f"\\begin{{tabular}}{{{align}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def _latex(text: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in text)


def _cell(column: Column, value: Any, best: float | None, is_head: bool) -> str:
    text = escape(column.text(value))
    if _is_undefined(value):
        return f'<td class="undefined">{text}</td>'
    if isinstance(value, str):
        tag = "th" if is_head else "td"
        scope = ' scope="row"' if is_head else ""
        return f'<{tag}{scope} class="text">{text}</{tag}>'
    shown = f"<b>{text}</b>" if value == best else text
    return f'<td data-value="{value!r}">{shown}</td>'


def _side(table: Table, column: Column) -> str:
    return ' class="text"' if _is_text(table, column) else ""


def _hint(column: Column) -> str:
    return f' title="{escape(column.hint)}"' if column.hint else ""


def _is_text(table: Table, column: Column) -> bool:
    return any(isinstance(row.get(column.key), str) for row in table.rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _is_undefined(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
