"""The search spaces by name, with their ranges on LVIS and the reports' values."""

from experiments.commands.grid.result_tables import narrow_table
from experiments.spaces import DELEGATED_SPACES, LVIS_TAIL_THRESHOLD, SPACES
from experiments.variants import VARIANTS
from longtail.commands import output_console
from longtail.config.dimensions import spelt


def print_spaces() -> None:
    """List every named space."""
    console = output_console()
    table = narrow_table("spaces, at the scale of the reports; ranges follow data and variant")
    for heading in ("--space", "field", "range", "report"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("--space", "field"))
    for name, space in SPACES.items():
        base = VARIANTS[space.base]
        dimensions = space.on(base, lambda: LVIS_TAIL_THRESHOLD).dimensions
        for number, axis in enumerate(space.axes):
            path = axis.path_in(base)
            table.add_row("" if number else name, path, spelt(dimensions[path]), axis.centre)
        table.add_section()
    console.print(table)
    for name, space in SPACES.items():
        console.print(f"{name}, on {space.base}: {space.why}", highlight=False, soft_wrap=True)
    for name, why in DELEGATED_SPACES.items():
        console.print(f"{name}: {why}", highlight=False, soft_wrap=True)
