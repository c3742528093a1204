"""What a dry run prints: every node, whether it is finished, and how much work it would be."""

from typing import Any

from rich.table import Table

from longtail.cluster.plan import Plan
from longtail.cluster.standings import Standings
from longtail.commands import output_console


def print_plan(plan: Plan, standings: Standings) -> None:
    """One line per node: what it is, whether it is there, and how much work it would be."""
    table = Table(box=None, title=f"grid {plan.id}", title_justify="left")
    for heading in ("node", "what", "state", "work"):
        table.add_column(heading)
    for item in standings.values():
        state = "finished" if item.found else "to run"
        table.add_row(item.node.id, item.node.label, state, _work(item.node.config))
    console = output_console()
    console.print(table)
    waiting = sum(not item.found for item in standings.values())
    asked = sum(len(row.nodes()) for row in plan.rows)
    console.print(
        f"{len(plan.rows)} rows, {len(standings)} nodes ({asked - len(standings)} shared),"
        f" {waiting} to run",
        highlight=False,
    )


def _work(config: Any) -> str:
    if "stages" not in config:
        return ""
    schedule = config["stages"][-1]["schedule"]
    return f"{schedule['iterations']} iterations of {schedule['images_per_step']} images"
