"""What a grid prints at its end: the ranked rows, the failures, what to type next."""

import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from experiments.commands.grid.left_out import NOT_RUN
from experiments.commands.next_steps import on_lines, print_command, print_mlflow
from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.merge_row import FITTED, OTHER_HALF, MergeRow
from longtail.cluster.nodes.plan import Plan, TableRow
from longtail.cluster.nodes.statuses import NodeStatuses, State, shared_trunk
from longtail.cluster.results.named_results import (
    SeedStatistic,
    intervals_of_rows,
    over_seeds,
    row_directory,
)
from longtail.cluster.results.published import Published
from longtail.commands import output_console
from longtail.metrics import (
    BOX_AP,
    GAP,
    GROUP_METRICS,
    HEADINGS,
    RESULT_METRICS,
    interval_text,
    points_text,
)
from longtail.path_options import short_path, typed
from longtail.printed_table import PrintedTable, number_columns, text_columns

AP_COLUMNS = (*RESULT_METRICS, GAP)
GROUP_COLUMNS = [
    *number_columns(*(HEADINGS[key] for key in GROUP_METRICS[1:])),
    *number_columns(HEADINGS[BOX_AP], spare=1),
    *number_columns(HEADINGS[GAP], spare=2),
]
"""After AP."""


def print_ranking(
    plan: Plan, statuses: NodeStatuses, runs: Path, left_out: Collection[str] = ()
) -> None:
    """The finished rows by falling AP, in points; rows without a result come last.

    Args:
        plan: The rows.
        statuses: How their nodes stand.
        runs: The runs folder.
        left_out: Names of rows that lack what they need.
    """
    results = {row.name: _summary(row, statuses, runs) for row in plan.all_rows}
    intervals = intervals_of_rows(plan, statuses, runs)
    columns = [
        *text_columns("", "variant"),
        *number_columns("AP", "95% interval"),
        *GROUP_COLUMNS,
    ]
    table = PrintedTable(
        "mask AP on val, in points", [*columns, *text_columns("state")], num_keys=2
    )
    ranked = sorted(plan.all_rows, key=lambda row: -_ap(results[row.name]))
    for place, row in enumerate(ranked, start=1):
        summary = results[row.name]
        cells = [_points(summary, key) for key in AP_COLUMNS]
        cells.insert(1, _span(intervals.get(row.name, {})))
        table.add(str(place) if summary else "", row.name, *cells, _state(row, statuses))
    for name in left_out:
        table.add("", name, *["-"] * (len(columns) - 2), NOT_RUN)
    output_console().print(table)


def print_seeds(plan: Plan, statuses: NodeStatuses, runs: Path) -> None:
    """Mean and standard deviation over seeds of the variants that ran with several."""
    summaries = over_seeds(plan, statuses, runs)
    if not summaries:
        return
    columns = [
        *text_columns("variant"),
        *number_columns("AP"),
        *GROUP_COLUMNS,
        *number_columns("runs"),
    ]
    table = PrintedTable("mean and standard deviation over seeds, in points", columns)
    for name, summary in summaries.items():
        statistics = [summary.metrics.get(key) for key in AP_COLUMNS]
        num_runs = max(item.n for item in summary.metrics.values())
        table.add(name, *map(_spread, statistics), str(num_runs))
    output_console().print(table)


def print_merges(plan: Plan, statuses: NodeStatuses, runs: Path) -> None:
    """Of merged rows: on which half score maps were fitted, AP of the other, and warnings."""
    for row in plan.merges:
        summary = _summary(row, statuses, runs)
        merged = read_result(node_directory(runs, row.predictions)) if summary else None
        if summary is not None and FITTED in summary:
            _line(f"{row.name}: {_fitted(summary[FITTED])}")
        for warning in (merged or {}).get("warnings", ()):
            _line(f"warning: {row.name}: {warning}")


def _fitted(of: Mapping[str, Any]) -> str:
    cells = (f"{key} {points_text(of[OTHER_HALF][key])}" for key in GROUP_METRICS)
    return (
        f"its score maps were fitted on half of val ({of['images']} images, half_seed"
        f" {of['half_seed']}), so that its row flatters; on the other half {', '.join(cells)}"
    )


def _line(text: str) -> None:
    output_console().print(text, highlight=False, markup=False, soft_wrap=True)


def print_failures(plan: Plan, statuses: NodeStatuses) -> None:
    """What went wrong, once per failed node, and where its files are."""
    for item in statuses.values():
        if item.state is State.FAILED:
            output_console().print(
                f"[red]failed[/red] {item.node.label} ({item.node.id})", highlight=False
            )
            output_console().print(f"  {item.error}", highlight=False, markup=False, soft_wrap=True)


def print_next_steps(
    plan: Plan, statuses: NodeStatuses, runs: Path, grid: Path, published: Published
) -> None:
    """Commands that go on from here; `grid` is the folder with the links of the rows."""
    done = [row for row in plan.all_rows if statuses[row.evaluation.id].state is State.DONE]
    output_console().print("\nnext", style="bold")
    if done:
        models = [row for row in done if not isinstance(row, MergeRow)]
        sources = [f"--pred {shlex.quote(_source(row, grid))}" for row in models or done]
        lines = [*sources, f"--ann {typed(plan.data.val)}"]
        lines += ["--exhaustive"] if plan.data.exhaustive else []
        if len(sources) > 1:
            maps = f"--out {typed(runs / 'calibration.json')}"
            fit = ["python -m ensemble.calibrate fit", *lines, maps]
            print_command("make scores comparable, for --calibration of the merge", on_lines(fit))
        merge = ["python -m ensemble.merge", *lines, f"--out {typed(runs / 'merged')}"]
        print_command("merge the predictions", on_lines(merge))
    print_mlflow(runs, published, "grid")
    if len(done) < len(plan.all_rows):
        print_command("go on after a failure", "the same command again; finished nodes are kept")


def _summary(row: TableRow, statuses: NodeStatuses, runs: Path) -> dict[str, Any] | None:
    if statuses[row.evaluation.id].state is not State.DONE:
        return None
    return read_result(node_directory(runs, row.evaluation))


def _ap(summary: dict[str, Any] | None) -> float:
    return -2.0 if summary is None else float(summary["AP"])


def _points(summary: dict[str, Any] | None, key: str) -> str:
    return points_text(None if summary is None else summary[key])


def _span(intervals: Mapping[str, Any]) -> str:
    """The interval of mask AP in points."""
    return interval_text(intervals["segm"]["metrics"]["AP"] if "segm" in intervals else None)


def _spread(statistic: SeedStatistic | None) -> str:
    if statistic is None:
        return "-"
    spread = "" if statistic.sd is None else f" +- {points_text(statistic.sd)}"
    return f"{points_text(statistic.mean)}{spread}"


def _state(row: TableRow, statuses: NodeStatuses) -> str | Text:
    # What a member lacks is told in the member's own line.
    own = row.own_nodes() if isinstance(row, MergeRow) else row.nodes()
    failed = [node for node in own if statuses[node.id].state is State.FAILED]
    if failed:
        return Text(f"failed in {failed[0].kind}", style="red")
    states = {statuses[node.id].state for node in own}
    if states != {State.DONE}:
        return "blocked"
    if all(statuses[node.id].found for node in own):
        return "found finished"
    passes = [statuses[node.id].in_pass for node in own]
    return ", ".join(["done", *(shared_trunk(len(ids)) for ids in passes if ids)])


def _source(row: TableRow, grid: Path) -> str:
    folder = row_directory(grid, row)
    return f"{folder.name}={short_path(folder / 'predictions')}"
