"""What a merge shows of AP: before and after, step by step, and against the best source."""

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from ensemble.source_options import MERGED
from longtail.evaluation.comparison import Comparison
from longtail.evaluation.verdict import difference_cells

UNDEFINED = -1.0
AP_COLUMNS = ("AP", "APr", "APc", "APf", "AP50")
STEP_METRICS = ("AP", "APr", "APc", "APf")
CHANGES = (*STEP_METRICS, "AP_fixed")


def print_evaluation(rows: dict[str, dict[str, Any]], console: Console) -> None:
    """A row per source and one for the merge, in points."""
    table = Table(title="mask AP before and after, in points", title_justify="left")
    table.add_column("")
    with_intervals = any(row["intervals"] for row in rows.values())
    spans = ("95% interval",) if with_intervals else ()
    for heading in ("AP", *spans, *AP_COLUMNS[1:], "AP fixed", "box AP", "gap"):
        table.add_column(heading, justify="right")
    for name, row in rows.items():
        values = [row["segm"][key] for key in AP_COLUMNS]
        style = "bold" if name == MERGED else None
        values += [row["segm_fixed"]["AP"], row["box"]["AP"], row["gap_box_mask"]]
        cells = [*map(_points, values)]
        if with_intervals:
            cells.insert(1, _span(row["intervals"]))
        table.add_row(name, *cells, style=style)
    console.print(table)


def print_steps(steps: dict[str, dict[str, Any]], console: Console) -> None:
    """Mask AP and AP-fixed after every step, in points, and the change to the step before."""
    table = Table(title="mask AP step by step, in points", title_justify="left")
    table.add_column("after")
    for heading in (*STEP_METRICS, "AP fixed", "APr fixed"):
        table.add_column(heading, justify="right")
    changes = Table(title="change by each step", title_justify="left")
    changes.add_column("step")
    for name in CHANGES:
        changes.add_column(name.replace("_", " "), justify="right")
    for name, row in steps.items():
        shown = "margins" if name == MERGED else name
        values = [row["segm"][metric] for metric in STEP_METRICS]
        values += [row["segm_fixed"][metric] for metric in ("AP", "APr")]
        table.add_row(shown, *map(_points, values))
        if row["change"]:
            changes.add_row(shown, *(_change(row, metric) for metric in CHANGES))
    console.print(table)
    console.print(changes)


def print_difference(against: dict[str, Any], console: Console) -> None:
    """What the merge gains over its best source, in points, and what makes that doubtful."""
    comparison = msgspec.convert(against, Comparison)
    kind = "mask" if against["kind"] == "segm" else "box"
    title = f"{MERGED} against {against['source']}, the best source: {kind} AP in points"
    # A title of the table would be as narrow as the table.
    console.print(title, style="table.title", highlight=False, markup=False, soft_wrap=True)
    table = Table()
    table.add_column("metric")
    for heading in ("difference", f"{comparison.level:.0%} interval"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for metric, difference in comparison.metrics.items():
        table.add_row(metric, *difference_cells(difference))
    console.print(table)
    for warning in comparison.warnings:
        console.print(f"warning: {warning}", highlight=False, soft_wrap=True)


def _change(row: dict[str, Any], metric: str) -> str:
    """The change of a metric in points, with its interval where there is one."""
    change = row["change"][metric]
    if change is None:
        return "-"
    bounds = row["change_intervals"].get(metric)
    if bounds is None or bounds["standard_error"] == UNDEFINED:
        return f"{100 * change:+.2f}"
    return f"{100 * change:+.2f} ({100 * bounds['low']:+.2f} to {100 * bounds['high']:+.2f})"


def _span(intervals: dict[str, Any]) -> str:
    """The interval of mask AP in points."""
    interval = intervals["segm"]["metrics"]["AP"] if "segm" in intervals else None
    if interval is None or interval["standard_error"] == UNDEFINED:
        return "-"
    return f"{100 * interval['low']:.2f} to {100 * interval['high']:.2f}"


def _points(value: float) -> str:
    return "-" if value == UNDEFINED else f"{100 * value:.2f}"
