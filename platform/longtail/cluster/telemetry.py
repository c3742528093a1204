"""Command: what the classifiers of trainings were taught, as a figure and a table."""

from pathlib import Path

import click

from longtail.commands import run


@click.command()
@click.argument("trainings", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The SVG to write.")
@click.option(
    "--csv", "table", type=click.Path(path_type=Path), help="A line a category and training."
)
def main(trainings: tuple[Path, ...], out: Path, table: Path | None) -> None:
    """Draw what classifiers were taught: positives and valid negatives of every category.

    TRAININGS are rows' folders (runs/grids/TABLE/ROW) or directories of training nodes, finished
    or not; each gets a panel. A negative is valid for a category if its loss did not mask it.

    \b
    Example, before and after equalization:
      python -m longtail.cluster.telemetry runs/grids/eql_2019_3/sigmoid_r50 \\
          runs/grids/eql_2019_3/eql_r50 --out equalization.svg --csv equalization.csv
    """
    from longtail.cluster.telemetry_figure import telemetry_figure
    from longtail.cluster.telemetry_table import telemetry_csv
    from longtail.evaluation.report import write_atomically
    from longtail.training.telemetry_files import read_telemetry

    names = [path.name for path in trainings]
    unique = len(set(names)) == len(names)
    found = {
        path.name if unique else str(path): read_telemetry(training_directory(path))
        for path in trainings
    }
    write_atomically(out, telemetry_figure(found))
    click.echo(f"{out}: {len(found)} {'panel' if len(found) == 1 else 'panels'}")
    if table:
        write_atomically(table, telemetry_csv(found))
        click.echo(f"{table}: of every category")


def training_directory(path: Path) -> Path:
    """The node's own directory, of a row's folder or of itself."""
    return path / "training" if (path / "training").is_dir() else path


if __name__ == "__main__":
    run(main)
