"""LVIS evaluation of a prediction set: AP of masks and boxes, with hotcoco doing the matching.

The numbers are those of the official lvis-api to the last digit. What that takes and hotcoco does
not do by itself: ground truth and detections of zero area are dropped (detections after the cap of
300 an image), masks go in without boxes, `ignore` counts and `iscrowd` does not.

What goes beyond LVIS's thirteen metrics is added by `further`.
"""

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.evaluation.bins import (
    ap_by_instance_bin,
    ap_identity_error,
    gap_by_group,
    mean_of_bins,
)
from longtail.evaluation.bootstrap import OnResample
from longtail.evaluation.further import RESAMPLES, Extra, Judge, check_extras
from longtail.evaluation.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.matching import Matched, OnBlock, match
from longtail.evaluation.official import official_metrics
from longtail.evaluation.report import CategoryAP, Evaluation
from longtail.evaluation.summary import UNDEFINED, ap_per_category, summarize
from longtail.predictions.json_import import open_predictions
from longtail.problems import BadInputError

# hotcoco's streaming evaluation keeps the best 300 an image, whatever it is told.
MAX_DETS = 300


def evaluate(
    annotations: Path,
    predictions: Path,
    max_dets: int = MAX_DETS,
    official: bool = False,
    *,
    train_annotations: Path | None = None,
    work_dir: Path | None = None,
    on_block: OnBlock | None = None,
    extras: Collection[Extra] = (),
    resamples: int = 0,
    compare_with: Path | None = None,
    on_resample: OnResample | None = None,
) -> Evaluation:
    """Evaluate predictions against LVIS annotations.

    Args:
        annotations: An LVIS annotation file.
        predictions: LVIS result JSON, or the directory of a prediction store.
        max_dets: Best-scored detections that count per image, 1 to 300.
        official: Run lvis-api too and keep its metrics next to ours.
        train_annotations: The training file, where the categories of `annotations` do not carry
            its counts; used for instance bins and counts, not for r, c and f.
        work_dir: Where a JSON file is turned into a temporary store; None is the system's folder.
        on_block: Told the number of blocks done and of all, as they are done; more than once
            where more than one pass is needed.
        extras: What to compute beyond AP and AP-fixed, of `EXTRAS`; each takes a pass or more.
        resamples: Resamples of the images for intervals; 0 for no intervals.
        compare_with: Another prediction set, to be compared over as many resamples, or 1000.
        on_resample: Told the number of resamples done and of all, for masks and for boxes.

    Raises:
        ValueError: `max_dets` or `resamples` out of range, an unknown extra, or one whose package
            is not installed.
        BadInputError: A file cannot be used; the message names file, record and field.
    """
    if not 1 <= max_dets <= MAX_DETS:
        raise ValueError(f"max_dets is {max_dets}; it must be from 1 to {MAX_DETS}, LVIS's cap")
    check_extras(extras)
    truth = read_ground_truth(annotations)
    counted = _with_training_counts(truth, train_annotations)
    with TemporaryDirectory(prefix="evaluation-", dir=work_dir) as scratch:
        of = truth.images, truth.categories
        out = Path(scratch)
        store = open_predictions(predictions, *of, out / "predictions", allow_empty=True)
        matched = match(truth, store, max_dets, on_block)
        theirs = official_metrics(truth, store, max_dets) if official else None
        evaluation = _evaluation(truth, counted, matched, max_dets, theirs)
        judge = Judge(truth, store, matched, max_dets, on_block, on_resample)
        evaluation = judge.with_extras(judge.with_fixed(evaluation), extras)
        if resamples:
            evaluation = judge.with_intervals(evaluation, resamples)
        if compare_with is not None:
            other = open_predictions(compare_with, *of, out / "other", allow_empty=True)
            evaluation = judge.with_comparison(evaluation, other, resamples or RESAMPLES)
    return evaluation


def _with_training_counts(truth: GroundTruth, train_annotations: Path | None) -> CategoryTable:
    if train_annotations is None:
        return truth.categories
    categories = CategoryTable.from_json(train_annotations)
    if not categories.same_ids(truth.categories):
        raise BadInputError(
            f"{train_annotations}: its category ids are not those of {truth.path}; both files must "
            "belong to one version of the data set"
        )
    return categories


def _evaluation(
    truth: GroundTruth,
    counted: CategoryTable,
    matched: Matched,
    max_dets: int,
    official: dict[str, dict[str, float]] | None,
) -> Evaluation:
    segm = summarize(matched.segm, truth.categories, max_dets)
    box = summarize(matched.box, truth.categories, max_dets)
    segm_ap, box_ap = ap_per_category(matched.segm), ap_per_category(matched.box)
    bins = ap_by_instance_bin(segm_ap, counted)
    undefined = UNDEFINED in (segm["AP"], box["AP"])
    return Evaluation(
        segm=segm,
        box=box,
        bins=bins,
        bins_mean=mean_of_bins(bins),
        gap_by_group=gap_by_group(segm, box),
        gap_box_mask=UNDEFINED if undefined else box["AP"] - segm["AP"],
        per_category=_records(counted, truth.categories.frequency, segm_ap, box_ap),
        identity_error=max(
            ap_identity_error(segm, segm_ap, truth.categories),
            ap_identity_error(box, box_ap, truth.categories),
        ),
        counts={
            "categories": len(truth.categories),
            "categories_judged": int((box_ap > UNDEFINED).sum()),
            "images": len(truth.images),
            "instances": truth.num_instances,
            "detections": matched.num_detections,
            "judged_masks": matched.num_judged_masks,
            "judged_boxes": matched.num_judged_boxes,
        },
        warnings=truth.warnings + matched.warnings,
        official=official,
    )


def _records(
    counted: CategoryTable,
    frequency: NDArray[np.str_],
    segm_ap: NDArray[np.float64],
    box_ap: NDArray[np.float64],
) -> tuple[CategoryAP, ...]:
    columns = (
        counted.ids.tolist(),
        counted.names,
        frequency.tolist(),
        counted.image_count.tolist(),
        counted.instance_count.tolist(),
        segm_ap.tolist(),
        box_ap.tolist(),
    )
    return tuple(CategoryAP(*row) for row in zip(*columns, strict=True))
