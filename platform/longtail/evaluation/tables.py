"""How metrics look on a console: rich tables in points."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from longtail.evaluation.uncertainty.bootstrap import Interval, Intervals
from longtail.evaluation.uncertainty.comparison import Comparison
from longtail.metrics import UNDEFINED, points_text, signed_points_text, span_text


def points_table(title: str, rows: Mapping[str, Mapping[str, float]], keys: Sequence[str]) -> Table:
    """A row for each name, a column for each metric."""
    table = Table("", *keys, title=title, title_justify="left")
    for name, values in rows.items():
        table.add_row(name, *(points_text(values[key]) for key in keys))
    return table


def intervals_table(intervals: Mapping[str, Intervals]) -> Table:
    """Bootstrap intervals by kind, a cell for each metric."""
    first = next(iter(intervals.values()))
    title = f"{first.level:.0%} intervals over images ({first.resamples} resamples)"
    table = Table("", *first.metrics, title=title, title_justify="left")
    for kind, of_kind in intervals.items():
        table.add_row(kind, *map(_span, of_kind.metrics.values()))
    return table


def comparison_table(comparison: Mapping[str, Comparison]) -> Table:
    """Both values of each metric, the difference, its interval, and whether it is real."""
    first = next(iter(comparison.values()))
    title = f"The other set against this one ({first.resamples} resamples of the images)"
    columns = ("metric", "this", "other", "difference", f"{first.level:.0%} interval", "p", "real")
    table = Table("", *columns, title=title, title_justify="left")
    for kind, of_kind in comparison.items():
        for metric, d in of_kind.metrics.items():
            if d.standard_error == UNDEFINED:
                table.add_row(kind, metric, points_text(d.a), points_text(d.b), *"----")
                continue
            span = f"{signed_points_text(d.low)} to {signed_points_text(d.high)}"
            values = points_text(d.a), points_text(d.b), signed_points_text(d.difference), span
            table.add_row(kind, metric, *values, f"{d.p_value:.3f}", "yes" if d.real else "no")
    return table


def _span(interval: Interval) -> str:
    undefined = interval.standard_error == UNDEFINED
    return "-" if undefined else span_text(interval.low, interval.high)
