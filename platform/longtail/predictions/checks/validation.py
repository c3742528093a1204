"""Are predictions fit to be submitted? Every fault with its records, before a server sees them.

What the official tools do with faulty files is worse than an error: lvis-api ignores unknown
categories, accepts NaN scores, lets masks of a wrong size match nothing, and hangs on truncated
ones. Whatever it would swallow is an error here.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from longtail.categories import CategoryTable
from longtail.predictions.checks.scores import OUTSIDE
from longtail.predictions.checks.summary import Examiner, PredictionSummary
from longtail.predictions.detectron2_import import is_torch_file
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.checks import EMPTY_BOXES
from longtail.predictions.result_json.read import (
    JsonReading,
    OnRead,
    check_fits,
    ignore,
    spilled_store,
)
from longtail.predictions.result_json.stream import has_byte_order_mark
from longtail.predictions.spill import IMAGES_WITH_REPEATS, REPEATS
from longtail.predictions.store import PredictionStore, Source
from longtail.problems import ProblemReport

CONVERT = "rewrite the file with `python -m ensemble.convert FILE --to json`"


@dataclass(frozen=True)
class Validation:
    """The faults of predictions, and what they hold apart from faulty records."""

    report: ProblemReport
    summary: PredictionSummary


def validate_json(
    path: Path, images: ImageSet, categories: CategoryTable, max_dets: int = 300
) -> ProblemReport:
    """The faults of a result JSON as a submission of masks.

    Raises:
        BadInputError: The file is no JSON list.
    """
    return validate(path, images, categories, max_dets).report


def validate(
    path: Path,
    images: ImageSet,
    categories: CategoryTable,
    max_dets: int = 300,
    on_read: OnRead = ignore,
) -> Validation:
    """Check predictions as a submission of masks.

    Args:
        path: A result JSON, plain or gzip, an instances_predictions.pth of detectron2, or the
            directory of a store.
        images: The images that detections may be of.
        categories: The categories that detections may have.
        max_dets: Detections that the evaluation takes from an image; more are an error.
        on_read: Called with the bytes of a file read so far.

    Raises:
        BadInputError: The file is no list of detections, or the store cannot be used.
    """
    report = ProblemReport(str(path))
    examiner = Examiner(categories, max_dets)
    if path.is_dir():
        store = PredictionStore.open(path, verify=True)
        check_fits(store, images, categories)
        summary = examiner.examine(store)
    else:
        reading = JsonReading.of(path, images, categories, on_read, max_score=None)
        with tempfile.TemporaryDirectory() as directory:
            store = spilled_store(reading, Path(directory), Source(path.name))
            summary = examiner.examine(store)
        report.errors += reading.tally.problems()
        _check_writing(reading.notes, report)
        if is_torch_file(path):
            what = "is detectron2's own, and a submission is a JSON file"
            report.warning("file", what, ["the whole file"], CONVERT)
        elif has_byte_order_mark(path):
            what = "begins with a byte order mark, which stops lvis-api"
            report.error("file", what, ["the whole file"], CONVERT)
    _check_scores(summary, report)
    if not summary.num_detections:
        what = "there is no detection" if not report.errors else "there is no sound detection"
        remedy = "right for a model that found nothing (lvis-api stops at it); else predict again"
        report.warning("record", what, ["the whole file"], remedy)
    report.errors += examiner.errors.problems()
    report.warnings += examiner.warnings.problems()
    return Validation(report, summary)


def _check_scores(summary: PredictionSummary, report: ProblemReport) -> None:
    """Find scores by which evaluators rank, and which a merge cannot read as they are."""
    lowest, highest = summary.lowest_score, summary.highest_score
    if lowest < 0 or highest > 1:
        what = f"is outside 0 to 1, from {lowest!r} to {highest!r}; evaluators only rank by it"
        outside = summary.notes.get(OUTSIDE)
        where = "the whole store" if outside is None else f"{outside} records"
        remedy = (
            "to merge it, name the score that means 1 on the model's scale, as 100 for percent:"
            " --pred NAME=PATH,max_score=SCORE"
        )
        report.warning("score", what, [where], remedy)


def _check_writing(notes: Counter[str], report: ProblemReport) -> None:
    """Find what is read well here, and otherwise by the official evaluation."""
    with_box, without_box = notes["records with bbox"], notes["records without bbox"]
    if with_box and without_box:
        what = "some records have one and some have not, which stops lvis-api"
        shares = [f"{with_box} records with and {without_box} without"]
        report.error("bbox", what, shares, CONVERT)
    elif with_box:
        what = "evaluators then take an object's area from its box, also for mask AP by size"
        report.warning("bbox", what, ["all records"], CONVERT)
    if empty := notes[EMPTY_BOXES]:
        what = "is null or an empty list, which stops lvis-api"
        report.error("bbox", what, [f"{empty} records"], CONVERT)
    if repeats := notes[REPEATS]:
        what = "repeats another one exactly and counts as a false positive"
        shares = [f"{repeats} records in {notes[IMAGES_WITH_REPEATS]} images"]
        report.warning("record", what, shares, f"write each detection once, or {CONVERT}")
    if lists := notes["masks with uncompressed runs"]:
        what = "counts are a list of runs, which lvis-api lets match nothing"
        report.error("segmentation.counts", what, [f"{lists} records"], CONVERT)
    if polygons := notes["masks given as polygons"]:
        what = "polygons are rasterised by each reader in its own way"
        report.warning("segmentation", what, [f"{polygons} records"], CONVERT)
