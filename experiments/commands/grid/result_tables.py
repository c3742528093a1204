"""What a grid prints at its end: the ranked rows, the failures, what to type next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from experiments.commands.next_steps import on_lines, print_command, print_mlflow
from longtail.cluster.nodes.ledger import node_directory, read_result
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
from longtail.metrics import GAP, HEADINGS, RESULT_METRICS, interval_text, points_text
from longtail.path_options import short_path, typed

AP_COLUMNS = (*RESULT_METRICS, GAP)

console = output_console()


def print_ranking(plan: Plan, statuses: NodeStatuses, runs: Path) -> None:
    """The finished rows by falling AP, in points; rows without a result come last."""
    results = {row.name: _summary(row, statuses, runs) for row in plan.all_rows}
    intervals = intervals_of_rows(plan, statuses, runs)
    table = narrow_table("mask AP on val, in points")
    table.add_column("")
    table.add_column("variant", overflow="fold")
    headings = [HEADINGS[key] for key in AP_COLUMNS]
    if intervals:
        headings.insert(1, "95% interval")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("state")
    ranked = sorted(plan.all_rows, key=lambda row: -_ap(results[row.name]))
    for place, row in enumerate(ranked, start=1):
        summary = results[row.name]
        cells = [_points(summary, key) for key in AP_COLUMNS]
        if intervals:
            cells.insert(1, _span(intervals.get(row.name, {})))
        table.add_row(str(place) if summary else "", row.name, *cells, _state(row, statuses))
    console.print(table)


def print_seeds(plan: Plan, statuses: NodeStatuses, runs: Path) -> None:
    """Mean and standard deviation over seeds of the variants that ran with several."""
    summaries = over_seeds(plan, statuses, runs)
    if not summaries:
        return
    table = narrow_table("mean and standard deviation over seeds, in points")
    table.add_column("variant", overflow="fold")
    for heading in (*(HEADINGS[key] for key in AP_COLUMNS), "runs"):
        table.add_column(heading, justify="right")
    for name, summary in summaries.items():
        statistics = [summary.metrics.get(key) for key in AP_COLUMNS]
        num_runs = max(item.n for item in summary.metrics.values())
        table.add_row(name, *map(_spread, statistics), str(num_runs))
    console.print(table)


def print_failures(plan: Plan, statuses: NodeStatuses) -> None:
    """What went wrong, once per failed node, and where its files are."""
    for item in statuses.values():
        if item.state is State.FAILED:
            console.print(f"[red]failed[/red] {item.node.label} ({item.node.id})", highlight=False)
            console.print(f"  {item.error}", highlight=False, markup=False, soft_wrap=True)


def print_next_steps(
    plan: Plan, statuses: NodeStatuses, runs: Path, grid: Path, published: Published
) -> None:
    """Commands that go on from here; `grid` is the folder with the links of the rows."""
    done = [row for row in plan.all_rows if statuses[row.evaluation.id].state is State.DONE]
    console.print("\nnext", style="bold")
    if done:
        sources = [f"--pred {shlex.quote(_source(row, grid))}" for row in done]
        lines = ["python -m ensemble.merge", *sources, f"--ann {typed(plan.data.val)}"]
        lines += ["--exhaustive"] if plan.data.exhaustive else []
        lines.append(f"--out {typed(runs / 'merged')}")
        print_command("merge the predictions", on_lines(lines))
    print_mlflow(runs, published, "grid")
    if len(done) < len(plan.all_rows):
        print_command("go on after a failure", "the same command again; finished nodes are kept")


def narrow_table(title: str) -> Table:
    """Narrow enough for most terminals; on others the names wrap."""
    return Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )


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


def _state(row: TableRow, statuses: NodeStatuses) -> str:
    failed = [node for node in row.nodes() if statuses[node.id].state is State.FAILED]
    if failed:
        return f"[red]failed in {failed[0].kind}[/red]"
    states = {statuses[node.id].state for node in row.nodes()}
    if states != {State.DONE}:
        return "blocked"
    if all(statuses[node.id].found for node in row.nodes()):
        return "found finished"
    passes = [statuses[node.id].in_pass for node in row.nodes()]
    return ", ".join(["done", *(shared_trunk(len(ids)) for ids in passes if ids)])


def _source(row: TableRow, grid: Path) -> str:
    folder = row_directory(grid, row)
    return f"{folder.name}={short_path(folder / 'predictions')}"
