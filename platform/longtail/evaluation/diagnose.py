"""Diagnose predictions: python -m longtail.evaluation.diagnose ANN PRED."""

from functools import partial
from pathlib import Path
from typing import Literal

import click

from longtail.commands import output_console, run
from longtail.data.lvis.exhaustive_option import exhaustive_option
from longtail.evaluation.kind_option import KindOption
from longtail.own_files import DIAGNOSIS
from longtail.path_options import AbsolutePath, NewFile, force_option

EXISTING = AbsolutePath(exists=True)


@click.command()
@click.argument("annotations", type=EXISTING)
@click.argument("predictions", type=EXISTING)
@click.option(
    "--json",
    "json_path",
    type=NewFile(DIAGNOSIS),
    help="Write every number here.",
)
@click.option(
    "--kind",
    type=KindOption(),
    default="mask",
    show_default=True,
    help="Overlap of masks or of boxes.",
)
@click.option(
    "--iou-thr",
    default=0.5,
    show_default=True,
    help="Overlap from which an object counts as found.",
)
@click.option(
    "--max-score",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="The score that counts as 1; all are divided by it.",
)
@click.option(
    "--work-dir",
    type=AbsolutePath(exists=True, file_okay=False),
    help="Where a result JSON is unpacked for the time of the diagnosis.",
)
@exhaustive_option
@click.option("--all", "whole", is_flag=True, help="Print confusion, calibration and scores, too.")
@force_option
def main(
    annotations: Path,
    predictions: Path,
    json_path: Path | None,
    kind: Literal["segm", "box"],
    iou_thr: float,
    max_score: float,
    work_dir: Path | None,
    exhaustive: bool,
    whole: bool,
) -> None:
    """Say why LVIS AP is what it is, by frequency group.

    Error types with the AP each costs, and with --all confusion between r, c and f, calibration and
    scores, over judged detections only: those of categories that are in the image or verified to be
    absent.

    \b
    Examples:
      python -m longtail.evaluation.diagnose lvis_v1_val.json results.json
      python -m longtail.evaluation.diagnose lvis_v1_val.json results.json --all
      python -m longtail.evaluation.diagnose val.json runs/nodes/abc/predictions --kind box
    """
    from longtail.evaluation.compiling import telling_of_compilation
    from longtail.evaluation.diagnosis.diagnosis import diagnose
    from longtail.evaluation.diagnosis.tables import as_json, tables
    from longtail.files import write_text
    from longtail.progress import block_progress

    warnings: list[str] = []
    telling = telling_of_compilation(partial(click.echo, err=True))
    with telling, block_progress() as on_block:
        diagnosis = diagnose(
            annotations,
            predictions,
            kind,
            iou_thr,
            work_dir=work_dir,
            on_block=on_block,
            on_warning=warnings.append,
            max_score=max_score,
            exhaustive=exhaustive,
        )
    output_console().print(tables(diagnosis, whole))
    for warning in warnings:
        click.secho(f"warning: {warning}", fg="yellow", err=True)
    if json_path is not None:
        write_text(json_path, as_json(diagnosis))


if __name__ == "__main__":
    run(main)
