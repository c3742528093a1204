"""Turn a result file into a prediction store and back: python -m ensemble.convert."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import click

from longtail.commands import run
from longtail.own_files import RESULTS
from longtail.path_options import AbsolutePath, NewPath, force_option

if TYPE_CHECKING:
    from longtail.predictions.store import PredictionStore, Source


@click.command()
@click.argument("predictions", metavar="FILE", type=AbsolutePath(exists=True))
@click.option(
    "--ann",
    required=True,
    type=AbsolutePath(exists=True, dir_okay=False),
    help="LVIS file with the images and categories: annotations, or image_info of a test set.",
)
@click.option("--to", type=click.Choice(["store", "json"]), required=True, help="What to make.")
@click.option(
    "--out",
    required=True,
    type=NewPath(RESULTS, holds="manifest.json"),
    help="Where. JSON to a name in .gz or .zip is packed.",
)
@click.option(
    "--strict/--drop-invalid",
    default=True,
    show_default=True,
    help="Faulty records of a file: stop, or leave them out and count them.",
)
@click.option(
    "--allow-empty", is_flag=True, help="Accept a file of which --drop-invalid leaves nothing."
)
@click.option(
    "--max-score",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="The score that counts as 1; all are divided by it.",
)
@click.option("--with-bbox", is_flag=True, help="Write boxes to JSON too.")
@click.option("--only-bbox", is_flag=True, help="Write boxes to JSON, and no masks.")
@click.option("--name", help="Name of the source in tables.  [default: the file's]")
@click.option("--scale", type=int, help="Short side in pixels that the images were predicted at.")
@click.option("--flip", is_flag=True, help="The images were mirrored for this source.")
@force_option
def main(
    predictions: Path,
    ann: Path,
    to: Literal["store", "json"],
    out: Path,
    strict: bool,
    allow_empty: bool,
    max_score: float,
    with_bbox: bool,
    only_bbox: bool,
    name: str | None,
    scale: int | None,
    flip: bool,
) -> None:
    """Convert predictions between result JSON and the platform's store.

    FILE is a result JSON (.json, .json.gz or .zip), instances_predictions.pth of a detectron2
    evaluator, or the directory of a prediction store. Scores, boxes and compressed masks pass
    unchanged, to the last digit. From JSON to JSON the records are checked, sorted by image, and
    polygons and lists of runs become compressed masks. A record has one score: of a store with two
    it is that of the mask, or that of the box where no mask is written.

    \b
    Examples:
      python -m ensemble.convert results.json --ann lvis_v1_val.json --to store --out preds/r50
      python -m ensemble.convert preds/r50 --ann lvis_v1_val.json --to json --out results.json
      python -m ensemble.convert old.json --ann val.json --to json --out new.json --drop-invalid
      python -m ensemble.convert preds/r50 --ann lvis_v1_val.json --to json --out submission.zip
      python -m ensemble.convert inference/instances_predictions.pth --ann lvis_v1_val.json \\
          --to store --out preds/d2

    See also: python -m ensemble.validate --help
    """
    from longtail.files import set_aside
    from longtail.predictions.store import Source, is_store

    if is_store(predictions) and to == "store":
        raise click.UsageError(f"{predictions} is a store already; --to store takes a result file")
    if out == predictions:
        raise click.UsageError(f"--out {out} is what is read; give another name")
    out.parent.mkdir(parents=True, exist_ok=True)
    source = Source(name or predictions.name, scale=scale, flip=flip)
    work = TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent)
    with work as work_dir, set_aside(out):
        store_dir = out if to == "store" else Path(work_dir) / "store"
        store = _open(predictions, ann, store_dir, source, strict, allow_empty, max_score)
        if to == "json":
            from longtail.predictions.result_json.write import export_json

            columns = store.blocks(with_masks=not only_bbox)
            export_json(columns, out, with_bbox or only_bbox)
        _show(store, out)


def _open(
    predictions: Path,
    ann: Path,
    store_dir: Path,
    source: "Source",
    strict: bool,
    allow_empty: bool,
    max_score: float,
) -> "PredictionStore":
    """Open a store, or import a file to `store_dir`."""
    from longtail.categories import CategoryTable
    from longtail.evaluation.compiling import telling_of_compilation
    from longtail.predictions.image_set import ImageSet
    from longtail.predictions.result_json.read import import_json, open_predictions
    from longtail.progress import reading_progress

    images, categories = ImageSet.from_json(ann), CategoryTable.from_json(ann)
    if predictions.is_dir():
        of = images, categories, store_dir
        return open_predictions(predictions, *of, max_score=max_score)
    telling = telling_of_compilation(partial(click.echo, err=True))
    with telling, reading_progress(predictions) as on_read:
        return import_json(
            predictions,
            images,
            categories,
            store_dir,
            source,
            "error" if strict else "drop",
            allow_empty=allow_empty,
            max_score=max_score,
            on_read=on_read,
        )


def _show(store: "PredictionStore", out: Path) -> None:
    from rich.console import Console

    from longtail.predictions.checks.coverage import Coverage, images_found
    from longtail.predictions.checks.warnings import warnings_of

    console = Console(soft_wrap=True, highlight=False)
    console.print(
        f"{out}: {store.num_detections} detections of {len(store.images)} images", markup=False
    )
    for what, count in store.manifest.notes.items():
        console.print(f"  {what}: {count}", markup=False)
    for warning in warnings_of(store):
        click.echo(f"warning: {warning}", err=True)
    coverage = Coverage(len(store.images), int(images_found(store).sum()))
    if coverage.is_low:
        click.echo(f"warning: {coverage.warning(out)}", err=True)


if __name__ == "__main__":
    run(main)
