"""Why AP is what it is, by frequency group and over judged detections only.

Works for LVIS's federated annotations: a detection counts only if its category is in the image or
verified to be absent, and an unmatched one of a category that is not exhaustively annotated in the
image counts as nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from longtail.categories import CategoryTable
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.annotations.judged_share import unverified
from longtail.evaluation.diagnosis.calibration_error import Calibration, calibration_by_group
from longtail.evaluation.diagnosis.confusion import Confusion, confusion
from longtail.evaluation.diagnosis.error_types import ErrorAnalysis, ap_gains, ap_losses
from longtail.evaluation.diagnosis.image_overlaps import (
    BACKGROUND_IOU,
    ImageOverlaps,
    image_overlaps,
)
from longtail.evaluation.diagnosis.judged_detections import JudgedDetections, collect
from longtail.evaluation.diagnosis.score_distribution import ScoreDistribution, scores_by_group
from longtail.evaluation.matching.blocks import OnBlock, ranks_of_block
from longtail.evaluation.matching.judged import check_masks, ranked_by, within_cap
from longtail.evaluation.matching.shard import Kind
from longtail.evaluation.protocol import IOU_THRESHOLDS
from longtail.predictions.checks.coverage import Coverage, images_found
from longtail.predictions.checks.warnings import warnings_of
from longtail.predictions.result_json.read import open_predictions
from longtail.predictions.store import PredictionStore
from longtail.predictions.working_copies import told_as_given
from longtail.problems import BadInputError

MAX_DETS = 300


@dataclass(frozen=True)
class Diagnosis:
    """What was found; fractions, -1 where undefined. Groups are all, r, c and f.

    Attributes:
        kind: What overlaps: "segm" masks, "box" boxes.
        iou_threshold: Overlap from which an instance counts as found, except in `ap_loss`.
        counts: Detections of the set; within the cap; of those, unjudged, and judged with an area;
            of the judged, true positives (right), false ones (wrong), and neither; instances to be
            found (objects).
        confusion: Instances taken for other categories.
        errors: False positives and missed instances by type and group.
        ap_gain: AP at the threshold gained by correcting each type, by group.
        ap_loss: AP over ten thresholds lost to places and to categories, by group.
        calibration: D-ECE with reliability bins, by group.
        scores: Scores of true and false positives, by group.
        warnings: What a reader of the numbers should know.
    """

    kind: Kind
    iou_threshold: float
    counts: dict[str, int]
    confusion: Confusion
    errors: dict[str, dict[str, int]]
    ap_gain: dict[str, dict[str, float]]
    ap_loss: dict[str, dict[str, float]]
    calibration: dict[str, Calibration]
    scores: dict[str, dict[str, ScoreDistribution]]
    warnings: tuple[str, ...] = ()


class JudgedBlocks:
    """The overlaps of all images of a store, and how many detections were seen on the way."""

    def __init__(
        self,
        truth: GroundTruth,
        store: PredictionStore,
        kind: Kind,
        max_dets: int,
        on_block: OnBlock | None,
        name: Path,
    ) -> None:
        self._truth, self._store, self._kind, self._name = truth, store, kind, name
        self._max_dets, self._on_block = max_dets, on_block
        self.num_within_cap = 0
        self.num_unjudged = 0

    def __iter__(self) -> Iterator[ImageOverlaps]:
        any_mask = False
        instances = Instances.of(self._truth)
        for block in range(self._store.block_count):
            columns = self._store.read_block(block)
            any_mask = any_mask or bool(columns.has_mask.any())
            capped = within_cap(ranked_by(columns, self._kind), self._max_dets)
            judged = self._truth.is_judged(capped.image_id, capped.category_id)
            self.num_within_cap += len(capped)
            self.num_unjudged += int((~judged).sum())
            counting = capped.take(judged)
            check_masks(counting, self._truth, self._name)
            ranks = ranks_of_block(block, len(self._truth.images))
            yield from image_overlaps(counting, self._truth, instances, ranks, self._kind)
            if self._on_block is not None:
                self._on_block(block + 1, self._store.block_count)
        if self._kind == "segm" and self._store.num_detections and not any_mask:
            raise BadInputError(
                f"{self._name}: no detection has a mask; diagnose boxes (--kind box)"
            )


def diagnose(
    annotations: Path,
    predictions: Path,
    kind: Kind = "segm",
    iou_threshold: float = 0.5,
    max_dets: int = MAX_DETS,
    *,
    work_dir: Path | None = None,
    on_block: OnBlock | None = None,
    on_warning: Callable[[str], object] | None = None,
    max_score: float = 1.0,
    exhaustive: bool = False,
) -> Diagnosis:
    """Diagnose predictions against LVIS annotations.

    Args:
        annotations: An LVIS annotation file.
        predictions: LVIS result JSON, or the directory of a prediction store.
        kind: Overlap of masks or of boxes.
        iou_threshold: Overlap from which an instance counts as found, over 0.1 and at most 1.
        max_dets: Best-scored detections that count per image.
        work_dir: Where a JSON file is turned into a temporary store; None is the system's folder.
        on_block: Told the number of blocks done and of all, as they are done.
        on_warning: Told of a set that finds nothing in most images.
        max_score: The score of a file that counts as 1: scores are divided by it.
        exhaustive: Every category is labelled in every image (see `read_ground_truth`).

    Raises:
        ValueError: `iou_threshold` out of range; masks asked for where the annotations have none.
        BadInputError: A file cannot be used; the message names file, record and field.
    """
    if not BACKGROUND_IOU < iou_threshold <= 1:
        raise ValueError(
            f"iou_threshold is {iou_threshold}; it must be over {BACKGROUND_IOU} and at most 1"
        )
    truth = read_ground_truth(annotations, exhaustive=exhaustive)
    if kind == "segm" and not truth.has_masks:
        raise ValueError(f"{annotations}: the annotations have boxes only; use --kind box")
    folder = TemporaryDirectory(prefix="diagnosis-", dir=work_dir)
    with folder as scratch, told_as_given({Path(scratch): predictions}):
        out = Path(scratch) / "predictions"
        of = truth.images, truth.categories
        store = open_predictions(predictions, *of, out, temporary=True, max_score=max_score)
        coverage = Coverage.of_objects(truth.has_objects, images_found(store))
        if coverage.is_low and on_warning is not None:
            on_warning(coverage.warning(predictions))
        blocks = JudgedBlocks(truth, store, kind, max_dets, on_block, predictions)
        detections = collect(blocks, np.array([iou_threshold, *IOU_THRESHOLDS]))
        seen = {
            "detections": store.num_detections,
            "within_cap": blocks.num_within_cap,
            "unjudged": blocks.num_unjudged,
        }
        warnings = unverified(truth) + warnings_of(store)
    return _diagnosis(detections, truth.categories, kind, iou_threshold, seen, warnings)


def _diagnosis(
    detections: JudgedDetections,
    categories: CategoryTable,
    kind: Kind,
    iou_threshold: float,
    seen: dict[str, int],
    warnings: tuple[str, ...],
) -> Diagnosis:
    analysis = ErrorAnalysis(detections, categories, 0, iou_threshold)
    over_thresholds = [
        ErrorAnalysis(detections, categories, 1 + t, threshold)
        for t, threshold in enumerate(IOU_THRESHOLDS.tolist())
    ]
    num_true = int(detections.true_positives().sum())
    num_false = int(detections.false_positives().sum())
    return Diagnosis(
        kind=kind,
        iou_threshold=iou_threshold,
        counts=seen
        | {
            "judged": len(detections),
            "right": num_true,
            "wrong": num_false,
            "neither": len(detections) - num_true - num_false,
            "objects": int(detections.num_instances(categories).sum()),
        },
        confusion=confusion(detections, categories),
        errors=analysis.counts(),
        ap_gain=ap_gains(analysis, categories),
        ap_loss=ap_losses(over_thresholds, categories),
        calibration=calibration_by_group(detections, categories),
        scores=scores_by_group(detections, categories),
        warnings=warnings,
    )
