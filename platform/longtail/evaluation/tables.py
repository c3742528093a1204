"""How metrics look on a console: rich tables in points."""

from collections.abc import Mapping, Sequence

from longtail.evaluation.uncertainty.bootstrap import Interval, Intervals
from longtail.evaluation.uncertainty.comparison import Comparison, difference_cells
from longtail.metrics import KIND_NAMES, UNDEFINED, points_text, span_text
from longtail.printed_table import PrintedTable, number_columns, text_columns, word_columns


def points_table(
    title: str, rows: Mapping[str, Mapping[str, float]], keys: Sequence[str]
) -> PrintedTable:
    """A row for each name, a column for each metric."""
    table = PrintedTable(title, [*text_columns(""), *number_columns(*keys)])
    for name, values in rows.items():
        table.add(name, *(points_text(values[key]) for key in keys))
    return table


def intervals_table(intervals: Mapping[str, Intervals]) -> PrintedTable:
    """Bootstrap intervals by kind, a cell for each metric."""
    first = next(iter(intervals.values()))
    title = f"{first.level:.0%} intervals over images ({first.resamples} resamples)"
    table = PrintedTable(title, [*text_columns(""), *number_columns(*first.metrics)])
    for kind, of_kind in intervals.items():
        table.add(KIND_NAMES[kind], *map(_span, of_kind.metrics.values()))
    return table


def comparison_table(comparison: Mapping[str, Comparison]) -> PrintedTable:
    """Both values of each metric, the difference, its interval, and whether it is real."""
    first = next(iter(comparison.values()))
    title = f"PRED2 minus PREDICTIONS, in points ({first.resamples} resamples of the images)"
    compared = number_columns("PREDICTIONS", "PRED2")
    shown = [*number_columns("difference", f"{first.level:.0%} interval"), *word_columns("verdict")]
    columns = [*text_columns("", "metric"), *compared, *shown, *number_columns("p", spare=1)]
    table = PrintedTable(title, columns, num_keys=2)
    for kind, of_kind in comparison.items():
        for metric, d in of_kind.metrics.items():
            p_value = "-" if d.standard_error == UNDEFINED else f"{d.p_value:.3f}"
            values = points_text(d.a), points_text(d.b), *difference_cells(d)
            table.add(KIND_NAMES[kind], metric, *values, p_value)
    return table


def _span(interval: Interval) -> str:
    undefined = interval.standard_error == UNDEFINED
    return "-" if undefined else span_text(interval.low, interval.high)
