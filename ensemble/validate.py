"""Check a submission offline: python -m ensemble.validate FILE --ann ANN."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from longtail.commands import ExitCode, output_console, run
from longtail.own_files import VALIDATION
from longtail.path_options import AbsolutePath, NewFile, force_option, short_path

if TYPE_CHECKING:
    from longtail.predictions.checks.validation import Validation
    from longtail.printed_table import PrintedTable


@click.command()
@click.argument("predictions", metavar="FILE", type=AbsolutePath(exists=True))
@click.option(
    "--ann",
    required=True,
    type=AbsolutePath(exists=True, dir_okay=False),
    help="LVIS file with the images and categories: annotations, or image_info of a test set.",
)
@click.option(
    "--max-dets",
    default=300,
    show_default=True,
    type=click.IntRange(min=1),
    help="Detections that the evaluation takes from an image.",
)
@click.option(
    "--json",
    "json_path",
    type=NewFile(VALIDATION),
    help="Write problems and numbers here.",
)
@force_option
def main(predictions: Path, ann: Path, max_dets: int, json_path: Path | None) -> ExitCode:
    """Check whether predictions are fit to be submitted as masks.

    FILE is a result JSON (.json, .json.gz or .zip), instances_predictions.pth of a detectron2
    evaluator, or the directory of a prediction store. Every record is checked; all kinds of
    problem are listed, each with its first records and what to do. Exit code 0 says that the file
    is fit, 3 that it is not.

    \b
    Examples:
      python -m ensemble.validate submission.json --ann lvis_v1_image_info_test_dev.json
      python -m ensemble.validate runs/nodes/abc/predictions --ann lvis_v1_val.json
      python -m ensemble.validate results.json --ann lvis_v1_val.json --json problems.json

    See also: python -m ensemble.convert --help
    """
    from rich.console import Console

    from longtail.categories import CategoryTable
    from longtail.evaluation.compiling import telling_of_compilation
    from longtail.predictions.checks.validation import validate
    from longtail.predictions.image_set import ImageSet
    from longtail.problems import describe
    from longtail.progress import reading_progress

    images, categories = ImageSet.from_json(ann), CategoryTable.from_json(ann)
    telling = telling_of_compilation(partial(click.echo, err=True))
    with telling, reading_progress(predictions) as on_read:
        validation = validate(predictions, images, categories, max_dets, on_read)
    if json_path is not None:
        write_validation(validation, json_path)
    report, uncovered = validation.report, uncovered_warning(validation)
    output_console().print(summary_table(validation))
    if uncovered:
        click.secho(f"warning: {uncovered}", fg="yellow", err=True)
    console = Console(soft_wrap=True, highlight=False)
    if report.warnings:
        console.print("warnings for " + describe(report.file, report.warnings), markup=False)
    if report.errors:
        console.print(describe(report.file, report.errors), markup=False)
        return ExitCode.BAD_INPUT
    but = "; but it finds nothing in most images, see the warning" if uncovered else ""
    console.print(f"{short_path(predictions)}: fit for submission{but}", markup=False)
    return ExitCode.DONE


def uncovered_warning(validation: "Validation") -> str | None:
    """What to say of a file that finds nothing in most images; None of others."""
    coverage = validation.summary.coverage
    return coverage.warning(validation.report.file) if coverage.is_low else None


def summary_table(validation: "Validation") -> "PrintedTable":
    """What the file holds, apart from its faulty records."""
    from longtail.categories import GROUP_NAMES
    from longtail.printed_table import PrintedTable, number_columns, text_columns

    summary = validation.summary
    table = PrintedTable("", [*text_columns("in the file"), *number_columns("count")])
    covered = summary.num_images - summary.num_images_without
    table.add("images with detections", f"{covered} of {summary.num_images}")
    table.add("images without", str(summary.num_images_without))
    table.add("detections", str(summary.num_detections))
    for group, count in summary.per_group.items():
        table.add(f"  of {GROUP_NAMES[group]} categories", str(count))
    table.add("most in an image", str(summary.max_per_image))
    if summary.num_detections:
        scores = f"{summary.lowest_score:.6g} to {summary.highest_score:.6g}"
        table.add("scores", scores)
    return table


def write_validation(validation: "Validation", path: Path) -> None:
    """Write problems and numbers, by renaming."""
    from dataclasses import asdict

    from longtail.files import write_json

    report = validation.report
    content = {
        "file": report.file,
        "fit": not report.errors,
        "errors": [asdict(problem) for problem in report.errors],
        "warnings": [asdict(problem) for problem in report.warnings],
        "uncovered": uncovered_warning(validation),
        "summary": asdict(validation.summary),
    }
    write_json(path, content)


if __name__ == "__main__":
    run(main)
