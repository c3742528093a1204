"""Command: what the classifiers of trainings were taught, as a figure and a table."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from longtail.commands import run
from longtail.own_files import TAUGHT
from longtail.path_options import AbsolutePath, DrawnFile, NewFile, force_option


@click.command()
@click.argument("trainings", type=AbsolutePath(), nargs=-1, required=True)
@click.option(
    "--out",
    type=DrawnFile("svg", "pdf", "png"),
    required=True,
    help="The figure to write: .svg, .pdf or .png.",
)
@click.option("--csv", "table", type=NewFile(TAUGHT), help="A line a category and training.")
@force_option
def main(trainings: tuple[Path, ...], out: Path, table: Path | None) -> None:
    """Draw what classifiers were taught: positives and valid negatives of every category.

    TRAININGS are rows' folders (runs/grids/TABLE/ROW) or directories of training nodes, finished
    or not; each gets a panel. A negative is valid for a category if its loss did not mask it.

    \b
    Example, before and after equalization:
      python -m longtail.cluster.telemetry runs/grids/eql_2019_3/sigmoid_r50 \\
          runs/grids/eql_2019_3/eql_r50 --out equalization.svg --csv equalization.csv
    """
    from dashboards.export import write_figure
    from dashboards.figures.taught import taught
    from longtail.files import write_text
    from longtail.training.telemetry_files import read_telemetry
    from longtail.training.telemetry_table import telemetry_csv

    found = {
        name: read_telemetry(training_directory(path))
        for name, path in zip(panel_names(trainings), trainings, strict=True)
    }
    write_figure(taught(found), out)
    click.echo(f"{out}: {len(found)} {'panel' if len(found) == 1 else 'panels'}")
    if table:
        write_text(table, telemetry_csv(found))
        click.echo(f"{table}: of every category")


def panel_names(trainings: Sequence[Path]) -> list[str]:
    """The names of the folders, with those above them where two are called alike."""
    names = [path.name for path in trainings]
    if len(set(names)) == len(names):
        return names
    above = os.path.commonpath(path.parent for path in trainings)
    return [str(path.relative_to(above)) for path in trainings]


def training_directory(path: Path) -> Path:
    """The node's own directory, of a row's folder or of itself."""
    return path / "training" if (path / "training").is_dir() else path


if __name__ == "__main__":
    run(main)
