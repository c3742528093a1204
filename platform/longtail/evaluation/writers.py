"""Tables of metrics as LaTeX, Markdown and CSV.

LaTeX and Markdown show points with two decimals and a dash for what is undefined; CSV holds
fractions in full precision, and nothing where undefined.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from longtail.evaluation.report import Evaluation
from longtail.files import write_text
from longtail.metrics import UNDEFINED, points_text

LATEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}


@dataclass(frozen=True)
class MetricTable:
    """Rows of metrics under the same columns.

    Attributes:
        metrics: Names of the columns.
        rows: Values by the row's name and the metric's name, as fractions; a missing value is
            undefined.
    """

    metrics: Sequence[str]
    rows: Mapping[str, Mapping[str, float]]

    def latex(self) -> str:
        """A `tabular` with rules of booktabs."""
        lines = [
            rf"\begin{{tabular}}{{l{'r' * len(self.metrics)}}}",
            r"\toprule",
            _latex_row(["", *self.metrics]),
            r"\midrule",
            *(_latex_row([name, *self._points(row)]) for name, row in self.rows.items()),
            r"\bottomrule",
            r"\end{tabular}",
        ]
        return "\n".join(lines) + "\n"

    def markdown(self) -> str:
        """A table as GitHub shows it, numbers to the right."""
        lines = [
            _markdown_row(["", *self.metrics]),
            _markdown_row(["---", *["---:"] * len(self.metrics)]),
            *(_markdown_row([name, *self._points(row)]) for name, row in self.rows.items()),
        ]
        return "\n".join(lines) + "\n"

    def csv(self) -> str:
        """Comma-separated values with a header."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["name", *self.metrics])
        for name, row in self.rows.items():
            values = (row.get(metric, UNDEFINED) for metric in self.metrics)
            writer.writerow([name, *("" if v == UNDEFINED else repr(v) for v in values)])
        return text.getvalue()

    def _points(self, row: Mapping[str, float]) -> list[str]:
        values = (row.get(metric, UNDEFINED) for metric in self.metrics)
        return [points_text(value) for value in values]


def result_table(evaluations: Mapping[str, Evaluation], metrics: Sequence[str]) -> MetricTable:
    """A row for each kind of AP of each evaluation, such as `A mask`.

    Args:
        evaluations: By name; a single one may have the name "".
        metrics: The columns, such as `AP_METRICS`.
    """
    rows = {
        f"{name} {kind}".strip(): values
        for name, evaluation in evaluations.items()
        for kind, values in evaluation.kinds().items()
    }
    return MetricTable(metrics, rows)


def write_tables(
    table: MetricTable, latex: Path | None, markdown: Path | None, comma_separated: Path | None
) -> None:
    """Write a table in each form that has a path."""
    texts = ((latex, table.latex), (markdown, table.markdown), (comma_separated, table.csv))
    for path, text in texts:
        if path is not None:
            write_text(path, text())


def _latex_row(cells: Sequence[str]) -> str:
    escaped = ("".join(LATEX_SPECIAL.get(c, c) for c in cell) for cell in cells)
    return " & ".join(escaped) + r" \\"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
