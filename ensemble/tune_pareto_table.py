"""The front as a person reads it: what each merge gives on both halves."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ensemble.tune_pareto import Candidate
from ensemble.tune_tables import points, span


def print_pareto(
    names: Sequence[str],
    members: Sequence[Candidate],
    rows: Sequence[Mapping[str, Any]],
    num_front: int,
    console: Console,
) -> None:
    """A line for each member, in points, with intervals on the other half.

    Args:
        names: The metrics of the front.
        members: The merges.
        rows: The same on the other half.
        num_front: Merges on the whole front.
        console: Where to print.
    """
    if len(members) < 2:
        text = f"no merge gives up {names[0]} for {', '.join(names[1:])}: the front is the winner"
        console.print(text, highlight=False, soft_wrap=True)
        return
    text = (
        f"{len(members)} of {num_front} merges that none beats in {' and '.join(names)} on the "
        "half that is tuned on; pareto/NN/merge.yaml has each"
    )
    console.print(text, highlight=False, soft_wrap=True)
    table = Table()
    table.add_column("NN")
    for heading in ("trial", "margins r/c", *(f"{name} tuned on" for name in names)):
        table.add_column(heading, justify="right")
    for name in (*names, "AP_fixed"):
        table.add_column(f"{name} other half".replace("_", " "), justify="right")
    for number, (member, row) in enumerate(zip(members, rows, strict=True)):
        intervals = row.get("intervals", {})
        table.add_row(
            f"{number:02d}",
            str(member.trial.number),
            f"{member.rare_margin:.3f}/{member.common_margin:.3f}",
            *(points(member.metrics[name]) for name in names),
            *(_with_span(row[name], intervals.get(name)) for name in (*names, "AP_fixed")),
        )
    console.print(table)


def _with_span(value: float, interval: Mapping[str, Any] | None) -> str:
    return points(value) if interval is None else f"{points(value)} ({span(interval)})"
