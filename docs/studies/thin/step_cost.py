"""CPU time of a training step by row, without its pictures: `python -m
docs.studies.thin.step_cost`."""

from pathlib import Path

import click
import torch

from docs.studies.step_times import median_times
from docs.studies.thin.painting import write_thin_set
from docs.studies.thin.rows import study_rows
from longtail.commands import run
from longtail.data.lvis.annotations import open_annotations

ROWS = ("plain", "level", "balanced", "boundary", "all", "cascade", "htc")


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/thin", show_default=True)
@click.option("--steps", default=20, show_default=True, help="Of each row that are counted.")
def main(runs: Path, steps: int) -> None:
    """Print the median CPU seconds of a step, and that over the plain row's."""
    torch.set_num_threads(1)
    runs = runs.resolve()
    train, _, images = write_thin_set(runs / "data")
    known = study_rows(runs)
    rows = {name: known[name] for name in ROWS}
    times = median_times(rows, open_annotations(train), images, steps)
    for name, of_row in times.items():
        share = of_row.learning / times["plain"].learning
        click.echo(f"{name}: {of_row.learning:.3f} s, {share:.2f} of plain")


if __name__ == "__main__":
    run(main)
