"""CPU time of a training step by row: `python -m docs.studies.mixing.step_cost`."""

from pathlib import Path

import click
import torch

from docs.studies.mixing.rows import study_rows
from docs.studies.step_times import median_times
from docs.studies.tail.set import write_tail_set
from longtail.commands import run
from longtail.data.lvis.annotations import open_annotations


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/mixing", show_default=True)
@click.option("--steps", default=20, show_default=True, help="Of each row that are counted.")
def main(runs: Path, steps: int) -> None:
    """Print the median CPU seconds of a step: of its pictures, and of learning."""
    torch.set_num_threads(1)
    train, _, images = write_tail_set(runs.resolve() / "data")
    times = median_times(study_rows(), open_annotations(train), images, steps)
    for name, step in times.items():
        click.echo(f"| {name} | {step.pictures:.3f} | {step.learning:.3f} |")


if __name__ == "__main__":
    run(main)
