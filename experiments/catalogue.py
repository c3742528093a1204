"""The variants and tables that can be asked for by name."""

from rich.table import Table

from experiments.variants import TABLES, VARIANTS
from longtail.commands import output_console


def print_catalogue() -> None:
    """List every variant and table by name."""
    table = Table(title="variants", title_justify="left", box=None)
    for heading in ("name", "classifier", "sampler", "stages"):
        table.add_column(heading)
    for name, variant in VARIANTS.items():
        first = variant.stages[0]
        row = (name, first.classifier.name, first.sampler.name, str(len(variant.stages)))
        table.add_row(*row)
    console = output_console()
    console.print(table)
    for name, rows in TABLES.items():
        console.print(f"--table {name}: {', '.join(rows)}", highlight=False)
