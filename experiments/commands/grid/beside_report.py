"""What a grid prints of its rows beside the report that states them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.commands.grid.report_steps import (
    BesideReport,
    Reported,
    Step,
    beside_report,
    orders_of,
)
from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.cluster.results.differences import Differences
from longtail.cluster.results.evaluation_files import identity_error_of
from longtail.commands import output_console
from longtail.metrics import GROUP_METRICS
from longtail.printed_table import PrintedTable, number_columns, text_columns, word_columns

NOISE, OTHER_SIGN = "noise", "other sign"
"""A step of ours whose interval holds 0; one of the report that goes the other way."""


def print_beside_reports(
    reported: Reported,
    plan: Plan,
    statuses: NodeStatuses,
    differences: Differences,
    runs: Path,
) -> None:
    """A table for each table of a report, in its order; nothing without finished rows of one.

    Args:
        reported: What reports state, by variant.
        plan: The rows.
        statuses: How their nodes stand.
        differences: With the steps between neighbours of each order.
        runs: The runs folder.
    """
    for source, order in orders_of(reported).items():
        if rows := beside_report(order, reported, plan, statuses, differences, runs):
            output_console().print(_table(source, rows))
            for line in _remarks(rows):
                output_console().print(line, highlight=False, soft_wrap=True)
    if errors := _identity_errors(plan, statuses, runs):
        output_console().print(
            "AP is the mean of APr, APc and APf weighted by their categories: off by at most"
            f" {100 * max(errors):.2f} points in {len(errors)} rows",
            highlight=False,
            soft_wrap=True,
        )


def _table(source: str, rows: Sequence[BesideReport]) -> PrintedTable:
    columns = [
        *text_columns("variant", ""),
        *number_columns(*GROUP_METRICS),
        *number_columns("step", "95% interval"),
        *word_columns(""),
    ]
    table = PrintedTable(f"beside {source}; mask AP in points", columns, num_keys=2)
    for row in rows:
        ours = "ours" if row.num_seeds == 1 else f"ours, {row.num_seeds} seeds"
        table.add(row.name, ours, *_metrics(row.ours, 2), *_own_step(row.step))
        table.add("", "report", *_metrics(row.reported, 1), *_reported_step(row.step))
        table.end_section()
    return table


def _metrics(values: Mapping[str, float], digits: int) -> list[str]:
    return [f"{100 * values[key]:.{digits}f}" if key in values else "-" for key in GROUP_METRICS]


def _own_step(step: Step | None) -> tuple[str, str, str]:
    if step is None:
        return "", "", ""
    interval = "-"
    if step.low is not None and step.high is not None:
        interval = f"{100 * step.low:+.2f} to {100 * step.high:+.2f}"
    return f"{100 * step.ours:+.2f}", interval, NOISE if step.is_noise else ""


def _reported_step(step: Step | None) -> tuple[str, str, str]:
    if step is None:
        return "", "", ""
    return f"{100 * step.reported:+.1f}", "", OTHER_SIGN if step.has_other_sign else ""


def _remarks(rows: Sequence[BesideReport]) -> list[str]:
    several = any(row.num_seeds > 1 for row in rows)
    over = "resamples of the images; another seed moves AP too"
    if several:
        over = "seeds where there are several, else over resamples of the images"
    return [
        f"A step is from the row above; its interval is over {over}. {NOISE}: it holds 0.",
        "The report's numbers are of its own schedule and data: those of a shorter run or of"
        " another data set cannot be held against them.",
    ]


def _identity_errors(plan: Plan, statuses: NodeStatuses, runs: Path) -> list[float]:
    done = [row for row in plan.all_rows if statuses[row.evaluation.id].state is State.DONE]
    errors = [identity_error_of(node_directory(runs, row.evaluation)) for row in done]
    return [error for error in errors if error is not None]
