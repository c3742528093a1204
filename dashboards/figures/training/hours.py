"""What the work of a grid cost, and what rows saved by sharing nodes and passes."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.figures.training.work_tables import KINDS
from dashboards.sources.node_times import NodeTime
from dashboards.tables import Column, Table
from longtail.cluster.nodes.settings import WorkerResources
from longtail.sweep.cost import reserved_hours


def hours_table(
    times: Sequence[NodeTime], resources: Mapping[str, Any] | None, suffix: str = ""
) -> Table | None:
    """Hours by kind of work and in all; None where no time is known.

    Hours are reserved ones, as a sweep counts them: of work, times workers, times the GPUs of each,
    or CPU cores where there are none; hours of nodes where the grid did not keep what these had. A
    pass over the data that trains several is counted once. Saved is what rows would have spent on
    their own copies of the nodes that they share and on passes of their own, each as long as that
    which was shared: rather too much for passes, since those of one training are shorter.

    Args:
        times: Of the nodes of one grid.
        resources: The grid's `WorkerResources` as JSON; None where they are not known.
        suffix: Of the table's name.
    """
    known = [of for of in times if of.attempts]
    if not known:
        return None
    of_nodes = WorkerResources(1, 1, 0)
    given = of_nodes if resources is None else WorkerResources(**resources)
    unit = "node" if resources is None else "GPU" if given.gpus else "CPU"
    rows = [
        _line(word, [of for of in known if of.kind == kind], given) for kind, word in KINDS.items()
    ]
    rows = [row for row in rows if row["nodes"]] + [_line("all", known, given)]
    longest = max(row["spent"] + row["saved"] for row in rows)
    short = longest < 1
    if short:
        for row in rows:
            row["spent"], row["saved"] = 60 * row["spent"], 60 * row["saved"]
    word = f"{unit}-{'minutes' if short else 'hours'}"
    columns = (
        Column("work", "work"),
        Column("nodes", "nodes", ",", hint="each done once"),
        Column("shared", "shared", ",", hint="nodes that several rows stand on"),
        Column("spent", f"{word} spent", ",.2f"),
        Column("saved", "saved by sharing", ",.2f", hint="at most; see the text"),
    )
    text = f"In {word}, of work without preparation. " + (
        "What workers had is not known: multiply by their number and the GPUs of each. "
        if resources is None
        else ""
    )
    text += "Saved: what rows would have spent, had each done alone all that it stands on."
    return Table(f"time-table{suffix}", "Time spent, and saved by sharing", columns, rows, text)


def spent_seconds(of: NodeTime) -> float:
    """Of a node, with its share of passes."""
    return sum(attempt.seconds / attempt.together for attempt in of.attempts)


def alone_seconds(of: NodeTime) -> float:
    """Of all its rows, had each done it alone."""
    return len(of.rows) * sum(attempt.seconds for attempt in of.attempts)


def _line(work: str, times: Sequence[NodeTime], resources: WorkerResources) -> dict[str, Any]:
    spent = sum(map(spent_seconds, times))
    alone = sum(map(alone_seconds, times))
    return {
        "work": work,
        "nodes": len(times),
        "shared": sum(len(of.rows) > 1 for of in times),
        "spent": reserved_hours(spent, resources),
        "saved": reserved_hours(alone - spent, resources),
    }
