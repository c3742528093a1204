"""LVIS evaluation of a prediction set: AP of masks and boxes, from one reading of it.

The numbers are those of the official lvis-api to the last digit. What that takes: ground truth and
detections of zero area are dropped (detections after the cap of 300 an image), masks go in without
boxes, `ignore` counts and `iscrowd` does not.

What goes beyond LVIS's thirteen metrics is added by `Evaluator`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from longtail.categories import CategoryTable
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.annotations.judged_share import unverified
from longtail.evaluation.evaluator import RESAMPLES, Evaluator, check_request
from longtail.evaluation.matching.blocks import OnBlock
from longtail.evaluation.matching.match_store import kinds_of, match_store
from longtail.evaluation.matching.prediction_set import inputs_of, open_set
from longtail.evaluation.matching.shard_files import read_shards
from longtail.evaluation.metrics.bins import (
    ap_by_instance_bin,
    gap_by_group,
    mean_of_bins,
)
from longtail.evaluation.metrics.category_ap import category_records
from longtail.evaluation.metrics.extra_metric import EvaluatedSet
from longtail.evaluation.metrics.lvis_api import lvis_api_metrics
from longtail.evaluation.metrics.matches.files import write_matches
from longtail.evaluation.metrics.matches.matched_set import MatchedSet
from longtail.evaluation.report import Evaluation
from longtail.evaluation.uncertainty.bootstrap import OnResample
from longtail.evaluation.workers import Workers
from longtail.metrics import UNDEFINED
from longtail.predictions.checks.warnings import warnings_of
from longtail.predictions.store import PredictionStore
from longtail.predictions.working_copies import told_as_given
from longtail.problems import BadInputError

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
    extras: Collection[str] = (),
    resamples: int = 0,
    compare_with: Path | None = None,
    on_resample: OnResample | None = None,
    workers: int = 1,
    parts: Sequence[Path] = (),
    keep_matches: Path | None = None,
    on_warning: Callable[[str], object] | None = None,
    exhaustive: bool = False,
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
        on_block: Told the number of blocks done and of all, as they are done; again for each
            extra that takes a pass of its own.
        extras: What to compute beyond AP and AP-fixed: names of `EXTRA_METRICS`.
        resamples: Resamples of the images for intervals; 0 for no intervals.
        compare_with: Another prediction set, to be compared over as many resamples, or 1000.
        on_resample: Told the number of resamples done and of all, for masks and for boxes.
        workers: Most processes that share the matching; the numbers are the same for any number.
        parts: Files of `write_shard`, or directories of them, that together hold all of the
            store `predictions`; instead of matching it.
        keep_matches: Directory for the match tables, for comparisons later on.
        on_warning: Told of a set that finds nothing in most images, as soon as that is known; it
            is among the warnings of the result, too.
        exhaustive: Every category is labelled in every image (see `read_ground_truth`).

    Raises:
        ValueError: `max_dets`, `resamples` or `workers` out of range, an unknown extra, or one
            whose package is not installed.
        BadInputError: A file cannot be used; the message names file, record and field.
        InfrastructureError: A worker was killed.
    """
    _check_bounds(max_dets, workers)
    check_request(extras, resamples)
    truth = read_ground_truth(annotations, exhaustive=exhaustive)
    uncovered = _Uncovered(truth, on_warning)
    counted = _with_training_counts(truth, train_annotations)
    folder, of = TemporaryDirectory(prefix="evaluation-", dir=work_dir), (predictions, compare_with)
    with folder as scratch, Workers(workers) as pool, told_as_given(_given(scratch, *of)):
        # Other processes open the store anew, and parts are told by its digests.
        lasting = workers > 1 or len(parts) > 0
        # A mended copy of a store would be another one than the parts are of.
        place = None if parts and predictions.is_dir() else Path(scratch) / "predictions"
        store = open_set(predictions, truth, place, lasting=lasting)

        def matched(of: PredictionStore) -> MatchedSet:
            whole = match_store(truth, of, kinds_of(truth), on_block, pool)
            return MatchedSet.of(truth, whole, max_dets)

        if parts:
            whole = read_shards(parts, inputs_of(truth, store), store.block_count)
            ours = MatchedSet.of(truth, whole, max_dets)
        else:
            ours = matched(store)
        uncovered.look_at(predictions, ours)
        reference = lvis_api_metrics(truth, store, max_dets) if official else None
        evaluation = _evaluation(truth, counted, ours, reference, warnings_of(store))
        evaluated = EvaluatedSet(truth, store, ours, max_dets, on_block)
        evaluator = Evaluator(evaluated, on_resample)
        evaluation = evaluator.with_extras(evaluator.with_fixed(evaluation), extras)
        if resamples:
            evaluation = evaluator.with_intervals(evaluation, resamples)
        if compare_with is not None:
            other = open_set(compare_with, truth, Path(scratch) / "other", lasting=workers > 1)
            theirs = matched(other)
            uncovered.look_at(compare_with, theirs)
            evaluation = evaluator.with_comparison(evaluation, theirs, resamples or RESAMPLES)
    if keep_matches is not None:
        write_matches(keep_matches, ours.tables)
    return replace(evaluation, warnings=evaluation.warnings + tuple(uncovered.warnings))


def _given(scratch: str, predictions: Path, compare_with: Path | None) -> dict[Path, Path]:
    given = {Path(scratch) / "predictions": predictions}
    return given if compare_with is None else {**given, Path(scratch) / "other": compare_with}


def _check_bounds(max_dets: int, workers: int) -> None:
    if not 1 <= max_dets <= MAX_DETS:
        raise ValueError(f"max_dets is {max_dets}; it must be from 1 to {MAX_DETS}, LVIS's cap")
    if workers < 1:
        raise ValueError(f"workers is {workers}; it must be 1 or more")


@dataclass
class _Uncovered:
    """Sets that find nothing in most images, told as soon as that is known."""

    truth: GroundTruth
    on_warning: Callable[[str], object] | None
    warnings: list[str] = field(default_factory=list)

    def look_at(self, path: Path, found: MatchedSet) -> None:
        coverage = found.coverage(self.truth)
        if coverage.is_low:
            self.warnings.append(coverage.warning(path))
            if self.on_warning is not None:
                self.on_warning(self.warnings[-1])


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
    matched: MatchedSet,
    official: dict[str, dict[str, float]] | None,
    warnings: tuple[str, ...],
) -> Evaluation:
    summaries = matched.summaries
    segm, box = summaries["segm"].metrics, summaries["box"].metrics
    segm_ap, box_ap = summaries["segm"].ap, summaries["box"].ap
    bins = ap_by_instance_bin(segm_ap, counted)
    undefined = UNDEFINED in (segm["AP"], box["AP"])
    return Evaluation(
        segm=segm,
        box=box,
        bins=bins,
        bins_mean=mean_of_bins(bins),
        gap_by_group=gap_by_group(segm, box),
        gap_box_mask=UNDEFINED if undefined else box["AP"] - segm["AP"],
        per_category=category_records(counted, truth.categories.frequency, segm_ap, box_ap),
        identity_error=max(of.identity_error(truth.categories) for of in summaries.values()),
        counts={
            "categories": len(truth.categories),
            "categories_judged": int((box_ap > UNDEFINED).sum()),
            "images": len(truth.images),
            "instances": truth.num_instances,
            **matched.counts,
        },
        warnings=truth.warnings + unverified(truth) + warnings + matched.warnings,
        official=official,
    )
