"""What a grid prints of how its rows differ from one of them, and whether that is real."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.statuses import NodeStatuses
from longtail.cluster.results import differences
from longtail.cluster.results.differences import Differences, RowDifference, difference_cells
from longtail.commands import output_console
from longtail.printed_table import PrintedTable, number_columns, text_columns, word_columns

messages = Console(stderr=True)


def find_differences(
    baseline: str,
    plan: Plan,
    statuses: NodeStatuses,
    runs: Path,
    orders: Sequence[Sequence[str]] = (),
) -> Differences:
    """Differences to the variant `baseline`, and steps between rows; says which rows it compares
    while it does."""
    with messages.status("comparing rows") as status:
        return differences.find_differences(
            baseline,
            plan,
            statuses,
            runs,
            on_pair=lambda before, after: status.update(f"comparing {after} with {before}"),
            orders=orders,
        )


def print_differences(to_baseline: Sequence[RowDifference], baseline: str) -> None:
    """A line for each row and metric, in points; then what makes an interval doubtful."""
    if not to_baseline:
        return
    first = to_baseline[0].comparison
    to = baseline if to_baseline[0].baseline == baseline else f"{baseline} of the same seed"
    title = f"difference to {to}, {_kinds(to_baseline)} AP in points"
    shown = number_columns("difference", f"{first.level:.0%} interval")
    table = PrintedTable(
        title, [*text_columns("variant", "metric"), *shown, *word_columns("verdict")], 2
    )
    mixed = len({item.kind for item in to_baseline}) > 1
    for item in to_baseline:
        name, of_boxes = item.row, mixed and item.kind == "box"
        for metric, difference in item.comparison.metrics.items():
            metric = f"box {metric}" if of_boxes else metric
            table.add(name, metric, *difference_cells(difference))
            name = ""
        table.end_section()
    output_console().print(table)
    output_console().print(
        f"Paired over {first.resamples} resamples of the images; another seed moves AP too.",
        highlight=False,
    )
    warnings = [warning for item in to_baseline for warning in item.comparison.warnings]
    for warning in dict.fromkeys(warnings):
        output_console().print(
            f"[yellow]warning:[/yellow] {warning}", highlight=False, soft_wrap=True
        )


def _kinds(items: Sequence[RowDifference]) -> str:
    names = {"segm": "mask", "box": "box"}
    return " and ".join(dict.fromkeys(names[item.kind] for item in items))
