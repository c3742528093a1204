"""Command: write a trained detector in detectron2's format."""

from pathlib import Path

import click

from longtail.commands import run
from longtail.path_options import AbsolutePath, NewPath, force_option


@click.command()
@click.argument("trained", type=AbsolutePath())
@click.option(
    "--ann",
    type=AbsolutePath(),
    required=True,
    help="LVIS file with the categories it was trained on: the training or the validation file.",
)
@click.option(
    "--out",
    type=NewPath(file_okay=False, holds="categories.json"),
    required=True,
    help="The folder to make.",
)
@click.option(
    "--variant",
    type=AbsolutePath(),
    help="JSON of its variant, as evaluations keep it [default: the row's or the node's own].",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    help="A test-time setting, as in short_side=800 or score_threshold=0.05; repeat.",
)
@force_option
def main(
    trained: Path, ann: Path, out: Path, variant: Path | None, assignments: tuple[str, ...]
) -> None:
    """Write a trained detector in detectron2's format: config.yaml, model_final.pth.

    TRAINED is a row's folder (runs/grids/TABLE/ROW), the directory of a training node, or of one
    of its checkpoints, of either engine. Only a row knows its test-time settings; else they are at
    their defaults. The folder has categories.json and a README.md with the lines of Python that run
    detectron2's DefaultPredictor, too.

    \b
    Examples:
      python -m longtail.cluster.export runs/grids/eql_2019_3/eql_r50 \\
          --ann lvis_v0.5_val.json --out eql_r50_d2
      python -m longtail.cluster.export runs/nodes/stage-0123456789ab \\
          --ann train.json --out detector --set short_side=640
    """
    from longtail.cluster.detectron2_export import export_to_detectron2
    from longtail.cluster.trained import find_trained
    from longtail.config.base import parse_assignments
    from longtail.files import set_aside

    found = find_trained(trained, variant)
    with set_aside(out):
        export_to_detectron2(found, ann, out, parse_assignments(assignments))
    click.echo(f"{out}: of {found.checkpoint}")


if __name__ == "__main__":
    run(main)
