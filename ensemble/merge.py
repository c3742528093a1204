"""Merge the predictions of many models and test scales into one submission."""

from pathlib import Path
from typing import Literal

import click

from longtail.commands import run


@click.command()
@click.option(
    "--pred",
    "preds",
    multiple=True,
    required=True,
    metavar="NAME=PATH[,weight=W]",
    help="A source: result JSON (.json, .json.gz), detectron2's .pth, or store. Repeat for each.",
)
@click.option(
    "--ann",
    type=click.Path(path_type=Path),
    required=True,
    help="LVIS file with images and categories: annotations, or image_info of a test set.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Result folder."
)
@click.option(
    "--method",
    type=click.Choice(["nms", "wbf"]),
    default="wbf",
    show_default=True,
    help="Class-wise hard NMS, or weighted boxes fusion.",
)
@click.option(
    "--iou-thr",
    type=float,
    help="Boxes that overlap more are one object.  [default: 0.55 for wbf, 0.5 for nms]",
)
@click.option(
    "--rare-margin",
    type=float,
    default=0.1,
    show_default=True,
    help="Added to scores of rare categories when an image's detections are ranked.",
)
@click.option(
    "--common-margin", type=float, default=0.05, show_default=True, help="The same for common ones."
)
@click.option(
    "--max-dets", type=int, default=300, show_default=True, help="Detections kept per image."
)
@click.option(
    "--score-thr", type=float, default=0.0, show_default=True, help="Drop lower scores first."
)
@click.option(
    "--on-invalid",
    type=click.Choice(["error", "drop"]),
    default="error",
    show_default=True,
    help="Stop at records that cannot be used, or drop and count them.",
)
@click.option(
    "--with-bbox", is_flag=True, help="Write boxes too; evaluators then take areas there."
)
@click.option(
    "--evaluate/--no-evaluate",
    default=True,
    show_default=True,
    help="AP of every source and of the merge, where --ann has annotations.",
)
@click.option(
    "--resamples",
    type=int,
    default=1000,
    show_default=True,
    help="Resamples of the images for 95% intervals of AP and of the gain; 0: without.",
)
@click.option("--dry-run", is_flag=True, help="Check and count everything, write nothing.")
@click.option("--force", is_flag=True, help="Replace the merge that the folder holds.")
def main(
    preds: tuple[str, ...],
    ann: Path,
    out: Path,
    method: Literal["nms", "wbf"],
    iou_thr: float | None,
    rare_margin: float,
    common_margin: float,
    max_dets: int,
    score_thr: float,
    on_invalid: Literal["error", "drop"],
    with_bbox: bool,
    evaluate: bool,
    resamples: int,
    dry_run: bool,
    force: bool,
) -> None:
    """Merge the predictions of many models and test scales into one submission.

    The folder gets submission.json, stats.json, merge.json (settings and digests of the inputs),
    the merged predictions as a store, and result.json when all of it is complete. The same
    command on a finished folder does nothing.

    \b
    Examples:
      python -m ensemble.merge --pred a=a.json --pred b=b.json.gz,weight=2 \\
          --ann lvis_v1_val.json --out merged
      python -m ensemble.merge --pred a=runs/a/predictions --pred b=runs/b/predictions \\
          --ann lvis_v1_image_info_test_dev.json --out merged --method nms --dry-run
    """
    from ensemble import job
    from ensemble.rescoring import Margins
    from ensemble.settings import DEFAULT_IOU_THRESHOLDS, MergeSettings, resolve_method
    from ensemble.sources import parse_sources

    specs = parse_sources(preds)
    chosen = resolve_method(method, len(specs))
    if chosen != method:
        click.echo(f"warning: one source: {chosen} is used, {method} averages several", err=True)
    settings = MergeSettings(
        method=chosen,
        iou_thr=DEFAULT_IOU_THRESHOLDS[chosen] if iou_thr is None else iou_thr,
        margins=Margins(rare_margin, common_margin),
        max_dets=max_dets,
        score_thr=score_thr,
        on_invalid=on_invalid,
        with_bbox=with_bbox,
        evaluate=evaluate,
        resamples=resamples,
    )
    if dry_run:
        job.dry_run(specs, ann, settings)
    else:
        job.run(specs, ann, settings, out, force)


if __name__ == "__main__":
    run(main)
