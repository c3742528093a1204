"""A sight for a terminal: what failed and what runs first, cut to its height and width."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dashboards.live.sight import STATES, NodeSight, Sight
from dashboards.live.words import (
    headline,
    is_silent,
    numbers,
    shortened,
    sparkline,
    told,
    totals,
)
from longtail.cluster.progress import clock

COLOURS = {
    "failed": "red",
    "running": "cyan",
    "paused": "blue",
    "stopped": "blue",
    "interrupted": "yellow",
    "waiting": "bright_black",
    "blocked": "yellow",
    "done": "green",
}
WIDE = 100
"""Columns from which the loss gets a longer curve."""
ROOMY = 120
"""Columns from which memory is shown, too."""
LEAST_LINES = 3


def screen(sight: Sight, width: int, height: int) -> Group:
    """All of it.

    Args:
        sight: What is seen.
        width: Columns of the terminal.
        height: Its lines; more nodes than fit are counted.
    """
    head = [Text(line, no_wrap=True, overflow="ellipsis") for line in totals(sight)]
    head += [
        Text(problem, style="yellow", no_wrap=True, overflow="ellipsis")
        for problem in sight.problems[:3]
    ]
    panel = Panel(Group(*head), title=headline(sight), title_align="left", padding=(0, 1))
    # Borders of the panel, heads of two tables, and the line that counts what is left out.
    room = max(height - len(head) - 7, LEAST_LINES)
    order = sight.ordered
    shown, left = order[:room], order[room:]
    broken = [item for item in shown if item.state == "failed"]
    trained = [item for item in shown if item.training is not None and item not in broken]
    others = [item for item in shown if item not in broken and item not in trained]
    parts: list[RenderableType] = [panel]
    parts += [_words(broken, sight.now, width)] if broken else []
    parts += [_trainings(trained, width)] if trained else []
    parts += [_words(others, sight.now, width)] if others else []
    return Group(*parts, *([_left_out(left)] if left else []))


def _trainings(items: Sequence[NodeSight], width: int) -> Table:
    """Those that began: how far, and how fast."""
    is_wide, is_roomy = width >= WIDE, width >= ROOMY
    table = _empty_table()
    curve = 24 if is_wide else 10
    # What the other columns and the gaps take.
    room = width - (80 if is_wide else 54) - (18 if is_roomy else 0)
    table.add_column("training", ratio=1, no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("iterations" if is_wide else "done", justify="right", no_wrap=True)
    table.add_column("loss", justify="right", no_wrap=True)
    table.add_column("", width=curve, no_wrap=True)
    if is_roomy:
        table.add_column("peak memory", justify="right", no_wrap=True)
    table.add_column("images/s" if is_wide else "im/s", justify="right", no_wrap=True)
    table.add_column("left", justify="right", no_wrap=True)
    for item in items:
        state, cells = item.training, numbers(item)
        assert state is not None
        silent = f"silent {clock(item.silent or 0)}" if is_silent(item) else ""
        table.add_row(
            Text(shortened(item.node.title, room)),
            Text(silent or item.state, "yellow" if silent else COLOURS[item.state]),
            cells["done"] if is_wide else f"{cells['share']}%",
            cells["loss"],
            Text(sparkline(state.losses, curve), "cyan"),
            *([cells["memory"]] if is_roomy else []),
            cells["speed"],
            cells["left"],
        )
    return table


def _words(items: Sequence[NodeSight], now: float, width: int) -> Table:
    """Other nodes: what there is to say of them."""
    table = _empty_table()
    titles = [shortened(item.node.title, width * 2 // 5) for item in items]
    table.add_column("node", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("", ratio=1, no_wrap=True)
    # Two gaps of two columns, and the longest state.
    room = width - max(map(len, titles)) - max(len(item.state) for item in items) - 6
    for item, title in zip(items, titles, strict=True):
        words = shortened(told(item, now), room) if item.state != "failed" else told(item, now)
        table.add_row(Text(title), Text(item.state, COLOURS[item.state]), Text(words))
    return table


def _empty_table() -> Table:
    return Table(expand=True, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _left_out(items: Sequence[NodeSight]) -> Text:
    states = [item.state for item in items]
    counts = ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)
    return Text(f"... and {counts}", style="dim")
