"""Make the scores of sources comparable: python -m ensemble.calibrate fit | apply."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import click

from ensemble.calibration.kinds import CalibrationKind, Groups, Overlap
from longtail.commands import run
from longtail.data.lvis.exhaustive_option import exhaustive_option
from longtail.evaluation.kind_option import KindOption
from longtail.own_files import CALIBRATION, RESULTS
from longtail.path_options import (
    AbsolutePath,
    NewFile,
    NewPath,
    SourceWord,
    force_option,
    short_path,
    typed,
)

NEED_CLASS_ROWS = ("norcal", "logit-adjustment")


class KindChoice(click.Choice[str]):
    """The kinds of calibration; names those that a result file cannot have."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The kind.

        Raises:
            click.BadParameter: It is none of them.
        """
        if str(value).lower().replace("_", "-") in NEED_CLASS_ROWS:
            self.fail(
                f"{value} divides or shifts the scores of all categories of a proposal and its "
                "background score, and a result file keeps one score a detection; set "
                "inference.score_adjustment of the model and predict again",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


ANN = click.option(
    "--ann",
    required=True,
    type=AbsolutePath(exists=True, dir_okay=False),
    help="LVIS annotation file of the images; for `apply` an image_info file with frequencies.",
)


STRICT = click.option(
    "--strict/--drop-invalid",
    default=True,
    show_default=True,
    help="Stop at records that cannot be used, or drop and count them.",
)


@click.group()
def main() -> None:
    """Turn the scores of sources into shares of right detections, so that they compare.

    `fit` learns a map for each source and frequency group from annotated images; `apply`, or
    `ensemble.merge --calibration`, puts the scores of other predictions of the same sources
    through it.
    """


@main.command()
@ANN
@click.option(
    "--pred",
    "preds",
    multiple=True,
    type=SourceWord(),
    required=True,
    metavar="NAME=PATH[,categories=FILE|coco][,max_score=S]",
    help="A source, named as in the merge. Repeat for each.",
)
@click.option("--out", required=True, type=NewFile(CALIBRATION), help="JSON file.")
@click.option(
    "--kind",
    type=KindChoice(get_args(CalibrationKind)),
    default="platt",
    show_default=True,
    help="Form of the maps.",
)
@click.option(
    "--groups",
    type=click.Choice(get_args(Groups)),
    default="frequency",
    show_default=True,
    help="A map for rare, common and frequent categories each, or one a source.",
)
@click.option(
    "--overlap",
    type=KindOption(),
    default="mask",
    show_default=True,
    help="What must overlap for a detection to be right; sources without masks go by boxes.",
)
@click.option(
    "--iou", type=float, default=0.5, show_default=True, help="How far: 0.5, 0.55, ... 0.95."
)
@click.option(
    "--min-matches",
    type=int,
    help="Right, and wrong, detections that a map needs; with fewer a group uses the map of its"
    " source, a source one of all sources.  [default: 20 for platt and rank, 200 for isotonic, 10"
    " for temperature, 30 for beta]",
)
@click.option(
    "--folds",
    type=int,
    default=2,
    show_default=True,
    help="Parts of the images; errors are reported on parts that were not fitted.",
)
@exhaustive_option
@STRICT
@force_option
def fit(
    ann: Path,
    preds: tuple[str, ...],
    out: Path,
    kind: CalibrationKind,
    groups: Groups,
    overlap: Overlap,
    iou: float,
    min_matches: int | None,
    folds: int,
    exhaustive: bool,
    strict: bool,
) -> None:
    """Fit a calibration to annotated images.

    Only judged detections count. The maps in the file are fitted to all images; the error that
    the table shows afterwards is of maps fitted to the other folds of images.

    \b
    Examples:
      python -m ensemble.calibrate fit --ann lvis_v1_val.json --pred r50=r50.json \\
          --pred x101=x101.json.gz --out calibration.json
      python -m ensemble.calibrate fit --ann lvis_v1_val.json --pred r50=r50.json \\
          --kind isotonic --groups none --out isotonic.json
    """
    from dataclasses import replace

    from rich.console import Console

    from ensemble.calibration.console import fall_backs, print_calibration
    from ensemble.calibration.fit import fit_calibration
    from ensemble.calibration.fit_settings import FitSettings
    from ensemble.calibration.labelled_scores import labelled_scores
    from ensemble.sources.open import open_source
    from ensemble.sources.spec import parse_sources
    from longtail.commands import output_console
    from longtail.evaluation.annotations.ground_truth import read_ground_truth
    from longtail.evaluation.annotations.judged_share import judged_text, unverified
    from longtail.evaluation.compiling import telling_of_compilation
    from longtail.predictions.checks.coverage import Coverage, images_found
    from longtail.predictions.store import PredictionStore
    from longtail.predictions.working_copies import told_as_given
    from longtail.problems import BadInputError
    from longtail.progress import block_progress

    settings = FitSettings(kind, groups, overlap, iou, min_matches, folds)
    specs = parse_sources(preds)
    messages = Console(stderr=True, highlight=False, soft_wrap=True)
    truth = read_ground_truth(ann, exhaustive=exhaustive)
    for warning in unverified(truth):
        messages.print(f"warning: {warning}", markup=False, style="yellow")
    if overlap == "segm" and not truth.has_masks:
        messages.print(f"warning: {ann}: boxes only, so that right goes by boxes", markup=False)
        settings = replace(settings, overlap="box")
    labelled, uncovered = {}, []
    for spec in specs:
        messages.print(f"matching {spec.name} ({short_path(spec.path)})", markup=False)
        scratch_folder = TemporaryDirectory(prefix="calibrate-")
        telling = telling_of_compilation(messages.print)
        with scratch_folder as scratch, telling, told_as_given({Path(scratch): spec.path}):
            opened = open_source(spec, truth.images, truth.categories, Path(scratch), strict)
            store = PredictionStore.open(opened.directory)
            for warning in opened.warnings:
                messages.print(f"warning: {spec.name}: {warning}", markup=False)
            coverage = Coverage.of_objects(
                truth.has_objects, images_found(store), knows_all=spec.categories is None
            )
            if coverage.is_low:
                uncovered.append(coverage.warning(spec.name))
            with block_progress() as on_block:
                judged_by: Overlap = "box" if opened.boxes_only else settings.overlap
                labelled[spec.name] = labelled_scores(truth, store, judged_by, iou, on_block)
            text = judged_text(store.num_detections, len(labelled[spec.name]))
            messages.print(f"{spec.name}: {text}", markup=False)
            if not store.num_detections:
                messages.print(f"warning: {spec.name}: gets no map, and needs none", markup=False)
                del labelled[spec.name]
    if not labelled:
        raise BadInputError(f"{ann}: no source has a detection in its images; nothing to fit")
    max_scores = {spec.name: spec.max_score for spec in specs}
    calibration = fit_calibration(labelled, truth, settings, max_scores)
    calibration.save(out)
    print_calibration(calibration, output_console())
    for warning in [*uncovered, *fall_backs(calibration)]:
        messages.print(f"warning: {warning}", markup=False)
    messages.print(
        f"wrote {short_path(out)}; use it: python -m ensemble.merge --calibration {typed(out)} ..."
    )


@main.command()
@click.option(
    "--calibration",
    "calibration_path",
    required=True,
    type=AbsolutePath(dir_okay=False),
    help="What `fit` wrote.",
)
@ANN
@click.option(
    "--pred",
    required=True,
    type=SourceWord(),
    metavar="NAME=PATH[,max_score=S]",
    help="The source, by the name it was fitted with.",
)
@click.option(
    "--out",
    required=True,
    type=NewPath(RESULTS, holds="manifest.json"),
    help="A result file if it ends in .json, otherwise the directory of a store.",
)
@click.option("--with-bbox", is_flag=True, help="Write boxes to JSON too.")
@STRICT
@force_option
def apply(
    calibration_path: Path, ann: Path, pred: str, out: Path, with_bbox: bool, strict: bool
) -> None:
    """Calibrate the scores of one source's predictions.

    Boxes, masks and the order of detections stay as they are.

    \b
    Examples:
      python -m ensemble.calibrate apply --calibration calibration.json --pred r50=r50_test.json \\
          --ann lvis_v1_image_info_test_dev.json --out preds/r50_calibrated
      python -m ensemble.calibrate apply --calibration calibration.json --pred r50=preds/r50 \\
          --ann lvis_v1_val.json --out r50_calibrated.json
    """
    from ensemble.calibration.apply import calibrated_blocks, write_calibrated
    from ensemble.calibration.file import Calibration
    from ensemble.sources.open import open_source
    from ensemble.sources.spec import parse_sources
    from longtail.categories import CategoryTable
    from longtail.files import set_aside
    from longtail.predictions.image_set import ImageSet
    from longtail.predictions.result_json.write import export_json
    from longtail.predictions.store import PredictionStore
    from longtail.predictions.working_copies import told_as_given

    (spec,) = parse_sources([pred])
    if out == spec.path:
        raise click.UsageError(f"--out {out} is what is read; give another name")
    out.parent.mkdir(parents=True, exist_ok=True)
    calibration = Calibration.load(calibration_path)
    images, categories = ImageSet.from_json(ann), CategoryTable.from_json(ann)
    folder = TemporaryDirectory(prefix="calibrate-")
    with (
        folder as scratch,
        told_as_given({Path(scratch): spec.path}),
        set_aside(out),
    ):
        opened = open_source(spec, images, categories, Path(scratch), strict)
        store = PredictionStore.open(opened.directory)
        if store.num_detections:
            calibration.require([spec.name])
        for warning in opened.warnings:
            click.echo(f"warning: {spec.name}: {warning}", err=True)
        told = calibration.warnings_of_missing([spec.name] if store.num_detections else [])
        for warning in [*told, *calibration.warnings_of_scale(spec.name, spec.max_score)]:
            click.echo(f"warning: {warning}", err=True)
        what = calibration, spec.name, store, categories
        if out.suffix == ".json":
            num_detections = export_json(calibrated_blocks(*what), out, with_bbox)
        else:
            num_detections = write_calibrated(*what, out).num_detections
    click.echo(f"{out}: {num_detections} detections of {spec.name}, calibrated")


if __name__ == "__main__":
    run(main)
