"""Command: check an annotation file and count what it holds."""

from pathlib import Path

import click

from longtail.commands import run
from longtail.path_options import AbsolutePath


@click.command()
@click.argument("annotations", type=AbsolutePath())
@click.option("--images", type=AbsolutePath(), help="Folder that holds the images.")
@click.option("--json", "json_path", type=AbsolutePath(), help="Write a report here.")
def main(annotations: Path, images: Path | None, json_path: Path | None) -> None:
    """Check an LVIS annotation file and count what it holds.

    Faults are listed with their records and remedies (exit code 3). A sound file is kept in
    parsed form, and later commands open it at once.

    \b
    Examples:
      python -m longtail.data.check lvis_v1_train.json
      python -m longtail.data.check train.json --images coco/ --json report.json
    """
    from longtail.data.lvis.check_report import check_file, show, write_report

    report = check_file(annotations, images)
    if json_path:
        write_report(report, json_path)
    show(report)
    report.raise_if_faulty()


if __name__ == "__main__":
    run(main)
