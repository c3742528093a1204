"""The search spaces by name, with their ranges on LVIS and the reports' values."""

from experiments.spaces import DELEGATED_SPACES, LVIS_TAIL_THRESHOLD, SPACES
from experiments.variants import VARIANTS
from longtail.commands import output_console
from longtail.config.dimensions import spelt
from longtail.printed_table import PrintedTable, text_columns, word_columns


def print_spaces() -> None:
    """List every named space."""
    console = output_console()
    title = "spaces, at the scale of the reports; ranges follow data and variant"
    table = PrintedTable(title, [*word_columns("--space"), *text_columns("searches")])
    for name, space in SPACES.items():
        base = VARIANTS[space.base]
        dimensions = space.on(base, lambda: LVIS_TAIL_THRESHOLD).dimensions
        for number, axis in enumerate(space.axes):
            path = axis.path_in(base)
            searches = f"{path}={spelt(dimensions[path])}".replace(", ", ",")
            table.add("" if number else name, searches)
        table.end_section()
    console.print(table)
    for name, space in SPACES.items():
        console.print(f"{name}, on {space.base}: {space.why}", highlight=False, soft_wrap=True)
        for axis in space.axes:
            if axis.centre:
                field = axis.path_in(VARIANTS[space.base]).rpartition(".")[2]
                reports = f"  {field} of the reports: {axis.centre}"
                console.print(reports, highlight=False, soft_wrap=True)
    for name, why in DELEGATED_SPACES.items():
        console.print(f"{name}: {why}", highlight=False, soft_wrap=True)
