"""Command: check an annotation file and its pictures, and say what they are fit for."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from longtail.commands import ExitCode, run
from longtail.data.lvis.exhaustive_option import exhaustive_option
from longtail.own_files import DATA_CHECK
from longtail.path_options import AbsolutePath, NewFile, force_option

if TYPE_CHECKING:
    from longtail.data.checking.report import Role


@click.command()
@click.argument("annotations", type=AbsolutePath(exists=True, dir_okay=False))
@click.option(
    "--images",
    type=AbsolutePath(exists=True, file_okay=False),
    help="Folder of the pictures: every header is read, too.",
)
@click.option(
    "--for",
    "role",
    type=click.Choice(["training", "evaluation"]),
    help="What the file is meant for.  [default: both are judged]",
)
@exhaustive_option
@click.option(
    "--json",
    "json_path",
    type=NewFile(DATA_CHECK),
    help="Write the report here, with the ids of all.",
)
@force_option
def main(
    annotations: Path,
    images: Path | None,
    role: "Role | None",
    exhaustive: bool,
    json_path: Path | None,
) -> ExitCode:
    """Check an LVIS annotation file, and say what it is fit for.

    All that is wrong is listed in one run, errors before warnings, with a few of the records that
    have it and the remedy: fields, ids, boxes, outlines, federated lists and, with --images, the
    pictures. The last line says what the file is fit for; the exit code is 3 if it is unfit for
    training or for evaluation, or for the one that --for names. Evaluation judges a detection only
    where its category is in the image or verified to be absent (neg_category_ids), or everywhere
    with --exhaustive.

    A sound file is kept in parsed form, and later commands open it at once.

    \b
    Examples:
      python -m longtail.data.check lvis_v1_train.json --for training
      python -m longtail.data.check train.json --images coco/ --json report.json
      python -m longtail.data.check coco_val.json --images val2017/ --for evaluation --exhaustive
    """
    from longtail.data.checking.check_file import check_file
    from longtail.data.checking.page import show
    from longtail.data.checking.report import ROLES, write_report

    roles = [role] if role else ROLES
    report = check_file(annotations, images, roles, exhaustive=exhaustive)
    if json_path:
        write_report(report, json_path)
    show(report)
    return ExitCode.DONE if report.is_fit else ExitCode.BAD_INPUT


if __name__ == "__main__":
    run(main)
