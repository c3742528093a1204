#!/usr/bin/env python
"""Look at what a variant learns from, before it is trained: a contact sheet of its samples."""

from pathlib import Path
from typing import Any

import click

from experiments.commands.run_options import data_options
from longtail.commands import ExitCode, run
from longtail.own_files import SHEET
from longtail.path_options import NewFile, force_option, short_path

EPILOG = """\b
Examples:
  experiments/preview.py eql_r50                        on the synthetic set, as a grid makes it
  experiments/preview.py alibaba_mosaic --stage 2 --train lvis_v1_train.json --images coco \\
      --out mosaic.png
  experiments/preview.py eql_r50 --set 'augmentations=["mosaic", "resize", "rotation"]' --num 24
\b
Masks and boxes are what the heads learn; white dashes are the parts that each picture of a mix
shows, red ones are ignored. Grey are instances of other categories than the one that the sampler
drew the image for.
"""


@click.command(epilog=EPILOG)
@click.argument("variant", metavar="VARIANT")
@click.option("--stage", default=0, show_default=True, type=click.IntRange(0), help="Which one.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="A change; repeat.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="To draw by.")
@click.option(
    "--num", default=12, show_default=True, type=click.IntRange(1, 400), help="Samples shown."
)
@click.option(
    "--columns", default=4, show_default=True, type=click.IntRange(1, 40), help="In a row."
)
@data_options
@click.option(
    "--out",
    type=NewFile(SHEET),
    default="sheet.png",
    show_default=True,
    help="The PNG or JPEG file.",
)
@force_option
def main(
    variant: str,
    stage: int,
    assignments: tuple[str, ...],
    seed: int,
    num: int,
    columns: int,
    out: Path,
    **options: Any,
) -> ExitCode:
    """Write a contact sheet of the first samples that a stage of VARIANT learns from.

    VARIANT is a name of `grid.py --list`, or a JSON file as a sweep leaves it. The samples are
    those of the training to the byte: the same seed, epoch and position draw the same augmentation.
    Without --train the synthetic set is made and used.
    """
    from experiments.commands.grid.request import GridRequest
    from experiments.commands.previews import write_preview
    from experiments.commands.run_request import RunRequest

    if options["val"] is None:
        options["val"] = options["train"]
    run_request = RunRequest(**options)
    request = GridRequest(
        run_request, (variant,), None, assignments, (seed,), None, option="VARIANT"
    )
    (row,) = request.plan().rows
    write_preview(row.variant, stage, request.run.data(), row.name, out, num, columns)
    click.echo(f"sheet: {short_path(out)}")
    return ExitCode.DONE


if __name__ == "__main__":
    run(main)
