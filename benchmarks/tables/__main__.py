"""What every table of the reports costs at full scale, for docs/tables.md.

No file of LVIS is read and nothing is trained: iterations, images and networks are those of the
variants, and the pace of a network is a published one scaled by its operations.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from longtail.commands import run

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "tables.json"
PAGE = ROOT / "docs" / "tables.md"
BEGIN, END = "<!-- costs: python -m benchmarks.tables -->\n", "<!-- end of costs -->\n"
HEADS = (
    "`--table`",
    "rows",
    "trainings",
    "LVIS",
    "GPU-hours",
    "every row alone",
    "longest row on 8 GPUs, h",
    "disk, GB",
)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, show_default=True)
@click.option("--write", is_flag=True, help="Put the table into docs/tables.md.")
def main(out: Path, write: bool) -> None:
    """Count what the tables of the reports cost.

    \b
    Examples:
      python -m benchmarks.tables
      python -m benchmarks.tables --write
    """
    from benchmarks.tables.costs import figures_of
    from benchmarks.tables.paces import PUBLISHED
    from experiments.variants import TABLES

    tables = {}
    for name in TABLES:
        click.echo(name, file=sys.stderr)
        tables[name] = figures_of(name)
    figures = {"images_per_second_of_resnet50": PUBLISHED, "tables": tables}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=1) + "\n")
    text = table_of(tables)
    click.echo(text)
    if write:
        PAGE.write_text(with_table(PAGE.read_text(), text))


def table_of(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown, a line for each table."""
    lines = [_line(HEADS), _line(["---"] * len(HEADS))]
    for name, of in tables.items():
        cells = [
            f"`{name}`",
            str(len(of["rows"])),
            str(of["trainings"]),
            of["data"],
            _hours(of["gpu_hours"]),
            _hours(of["gpu_hours_alone"]),
            f"{of['longest_row_hours']:.0f}",
            f"{of['bytes'] / 1e9:.0f}",
        ]
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def with_table(page: str, new: str) -> str:
    """The page with another table between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, f"the page has no marks {BEGIN.strip()} and {END.strip()}"
    return f"{before}{begin}\n{new}\n{end}{after}"


def _hours(hours: Mapping[str, Any]) -> str:
    assert not hours["num_unknown"]
    return f"{'<= ' if hours['is_bound'] else ''}{hours['known']:,.0f}"


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    run(main)
