"""Tables of results in HTML, LaTeX and CSV, from one description.

A value that is not defined says so; it is never 0. In a column of numbers the best is in bold.
"""

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from dashboards.measured import Measured

UNDEFINED_TEXT = "not defined"
LONG = 60
"""Letters; a longer text is broken into lines, so that other columns stay in sight."""
_NUMBER = r"[+\-\u2212]?\d[\d,]*(?:\.\d+)?"
NUMBERS = re.compile(rf"({_NUMBER})(?: ?(?:to|\u00b1|\+-) ?{_NUMBER})?(?: \(.*\))?")
"""Text that is a number, alone, or with its interval or spread, and a remark in brackets."""


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
        if _is_undefined(value):
            return value.below if isinstance(value, Measured) and value.below else self.undefined
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
        """The number of a column that is in bold, if numbers look different as they are shown."""
        values = [row[column.key] for row in self.rows if _is_number(row.get(column.key))]
        if not column.best or len({column.text(value) for value in values}) < 2:
            return None
        return float(max(values) if column.best == "high" else min(values))


def html_table(table: Table) -> str:
    """A table that can be sorted by its heads where scripts run, and read where they do not.

    Numbers stand on the right, and so do intervals and means with their spread, which are text.
    """
    are_text = [_is_left(table, column) for column in table.columns]
    heads = "".join(map(_head, table.columns, are_text))
    best = {column.key: table.best(column) for column in table.columns}
    lines = []
    for row in table.rows:
        cells = [
            _cell(column, row.get(column.key), best[column.key], i == 0, are_text[i])
            for i, column in enumerate(table.columns)
        ]
        classes = table.classes(row)
        attribute = f' class="{escape(classes)}"' if classes else ""
        lines.append(f"<tr{attribute}>{''.join(cells)}</tr>")
    told = f"<b>{escape(table.title)}</b> {escape(table.text)}"
    caption = f"<caption><div>{told}</div></caption>"
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.title)}">'
        f'<table id="{table.name}" class="sortable">{caption}<thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def csv_table(table: Table) -> str:
    """All values in full precision, what bounds them in further columns; empty where undefined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    lines = [{of.key: _flat(row.get(of.key)) for of in table.columns} for row in table.rows]
    names = {
        column.key: dict.fromkeys(["", *(end for line in lines for end in line[column.key])])
        for column in table.columns
    }
    writer.writerow([key + end for key, ends in names.items() for end in ends])
    for line in lines:
        values = [line[key].get(end) for key, ends in names.items() for end in ends]
        writer.writerow(["" if _is_undefined(value) else value for value in values])
    return text.getvalue()


def _flat(value: Any) -> dict[str, Any]:
    """The columns of a file that a value fills, by what is put behind the name of its column."""
    return value.columns() if isinstance(value, Measured) else {"": value}


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
            small = _latex(value.beside()) if isinstance(value, Measured) and text != "--" else ""
            shown = rf"\textbf{{{text}}}" if is_best else text
            cells.append(rf"{shown} {{\tiny {small}}}" if small else shown)
        lines.append(" & ".join(cells) + r" \\")
    body = "\n".join(lines)
    return (
        f"% {table.title}; needs \\usepackage{{booktabs}}\n"
        f"\\begin{{tabular}}{{{align}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "\u00b1": r"$\pm$",
}  # fmt: skip


def _latex(text: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in text)


def _head(column: Column, is_text: bool) -> str:
    if not column.title:
        return "<td></td>"
    of_text = ' class="text"' if is_text else ""
    button = f'<button type="button">{escape(column.title)}</button>'
    return f'<th scope="col"{of_text}{_hint(column)}>{button}</th>'


def _cell(column: Column, value: Any, best: float | None, is_head: bool, is_text: bool) -> str:
    text = escape(column.text(value))
    said = {"undefined": _is_undefined(value), "text": is_text, "long": _is_long(value)}
    classes = [name for name, holds in said.items() if holds]
    attributes = f' class="{" ".join(classes)}"' if classes else ""
    if is_head:
        return f'<th scope="row"{attributes}>{text}</th>'
    number = _first_number(value) if isinstance(value, str) and not is_text else value
    if _is_number(number):
        attributes += f' data-value="{number!r}"'
    shown = f"<b>{text}</b>" if _is_number(value) and value == best else text
    if isinstance(value, Measured) and not _is_undefined(value):
        shown = value.html(shown)
    return f"<td{attributes}>{shown}</td>"


def _hint(column: Column) -> str:
    return f' title="{escape(column.hint)}"' if column.hint else ""


def _is_text(table: Table, column: Column) -> bool:
    return any(isinstance(row.get(column.key), str) for row in table.rows)


def _is_left(table: Table, column: Column) -> bool:
    """Whether a column has words: names of rows, and text that is no number with its interval."""
    texts = [value for row in table.rows if isinstance(value := row.get(column.key), str)]
    return column is table.columns[0] or not all(map(NUMBERS.fullmatch, texts))


def _first_number(text: str) -> float:
    match = NUMBERS.fullmatch(text)
    assert match, text
    return float(match[1].replace(",", "").replace("\u2212", "-"))


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > LONG


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _is_undefined(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
