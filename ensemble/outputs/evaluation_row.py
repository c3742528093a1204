"""What evaluation.json keeps of one prediction set: one matching of it, all numbers from that."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ensemble.outputs.resampled_ap import (
    FIXED_METRICS,
    LEVEL,
    SEED,
    Resampled,
    fixed_table,
    resample,
    with_fixed,
)
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.match_store import kinds_of, match_store
from longtail.evaluation.matching.prediction_set import check_images
from longtail.evaluation.metrics.bins import ap_by_instance_bin, gap_by_group
from longtail.evaluation.metrics.category_ap import category_records
from longtail.evaluation.metrics.fixed import best_of_categories, fixed_summary
from longtail.evaluation.metrics.matches.files import write_matches
from longtail.evaluation.metrics.matches.matched_set import MatchedSet
from longtail.evaluation.metrics.rescorer import MAX_DETS
from longtail.evaluation.metrics.summary import IDENTITY_TOLERANCE, Summary, undefined_like
from longtail.evaluation.uncertainty.bootstrap import OnResample, bootstrap, rough_intervals
from longtail.evaluation.workers import Workers
from longtail.metrics import GROUP_METRICS, UNDEFINED
from longtail.predictions.store import PredictionStore
from longtail.progress import block_progress, evaluation_progress

RESAMPLED = "resampled.npz"
COUNTS = "counts"
Row = dict[str, Any]


def evaluation_row(
    store: PredictionStore,
    truth: GroundTruth,
    resamples: int,
    folder: Path,
    workers: Workers | None = None,
) -> Row:
    """AP, AP of every category, AP-fixed, intervals and counts of a prediction set, as JSON values.

    Args:
        store: The predictions.
        truth: Annotations of the same images.
        resamples: Resamples of the images for intervals; 0 for none.
        folder: Takes the matches and the resampled metrics; not written with 0 resamples.
        workers: Share the matching of many detections.
    """
    check_images(store, truth)
    with block_progress() as on_block:
        whole = match_store(truth, store, kinds_of(truth), on_block, workers)
    matched = MatchedSet.of(truth, whole, MAX_DETS)
    row = _metrics(truth, matched)
    if resamples:
        write_matches(folder, matched.tables)
        # Progress of its own: its lines go by the time since it began.
        with evaluation_progress() as (_, on_resample):
            row["intervals"] = _intervals(matched, row, resamples, folder, on_resample)
    return row


def _metrics(truth: GroundTruth, matched: MatchedSet) -> Row:
    segm, box = matched.summaries["segm"], matched.summaries["box"]
    fixed = undefined_like(segm)
    if "segm" in matched.rescorers:
        columns = matched.detections["segm"]
        fixed = fixed_summary(matched.rescorers["segm"], columns, best_of_categories(columns))
    for summary in (segm, box, fixed):
        _check_identity(summary, truth)
    undefined = UNDEFINED in (segm.metrics["AP"], box.metrics["AP"])
    categories = truth.categories
    records = category_records(categories, categories.frequency, segm.ap, box.ap)
    return {
        "segm": segm.metrics,
        "box": box.metrics,
        "segm_fixed": fixed.metrics,
        "bins": ap_by_instance_bin(segm.ap, categories),
        "gap_box_mask": UNDEFINED if undefined else box.metrics["AP"] - segm.metrics["AP"],
        "gap_by_group": gap_by_group(segm.metrics, box.metrics),
        "per_category": [asdict(record) for record in records],
        "intervals": {},
        COUNTS: matched.counts,
    }


def _check_identity(summary: Summary, truth: GroundTruth) -> None:
    error = summary.identity_error(truth.categories)
    assert error <= IDENTITY_TOLERANCE, error


def _intervals(
    matched: MatchedSet, row: Row, resamples: int, folder: Path, on_resample: OnResample
) -> Row:
    """By kind; those of masks are kept as resamples too, for what a step changes."""
    found: Row = {}
    if "segm" in matched.rescorers:
        rescorer, columns = matched.rescorers["segm"], matched.detections["segm"]
        tables = matched.tables["segm"], fixed_table(rescorer, columns)
        values = with_fixed(row["segm"], row["segm_fixed"])
        drawn = resample(values, tables, resamples, on_resample)
        drawn.save(folder / RESAMPLED)
        found = _by_kind(drawn, resamples, list(rough_intervals(tables[0])))
    box = bootstrap(matched.tables["box"], resamples, on_resample=on_resample)
    return found | {"box": box.as_dict()}


def _by_kind(drawn: Resampled, resamples: int, warnings: list[str]) -> Row:
    how = {"resamples": resamples, "seed": SEED, "level": LEVEL, "warnings": warnings}
    bounds = drawn.intervals()
    fixed = {name.removesuffix("_fixed"): bounds[name] for name in FIXED_METRICS}
    return {
        "segm": {"metrics": {name: bounds[name] for name in GROUP_METRICS}, **how},
        "segm_fixed": {"metrics": fixed, **how},
    }
