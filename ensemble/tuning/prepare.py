"""From the files of a search to what its trials run on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from ensemble.calibration.fit_settings import FitSettings
from ensemble.calibration.kinds import Overlap
from ensemble.calibration.labelled_scores import LabelledScores, labelled_scores
from ensemble.calibration.maps import MAP_TYPES
from ensemble.merging.options import settings_of
from ensemble.sources.open import OpenedSource, open_source
from ensemble.sources.spec import SourceSpec
from ensemble.tuning.objective.calibrated_scores import (
    NO_CALIBRATION,
    can_be_fitted,
    cross_fitted_rows,
)
from ensemble.tuning.objective.detection_reader import read_source_detections
from ensemble.tuning.objective.fused_images import FusionInputs
from ensemble.tuning.objective.trial import Objective
from ensemble.tuning.request import TuneRequest
from ensemble.tuning.split import restrict, split_images, write_annotations
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.annotations.judged_share import judged_text, unverified
from longtail.evaluation.defined import defined_metrics, require_defined
from longtail.metrics import GROUP_METRICS
from longtail.path_options import short_path
from longtail.predictions.checks.coverage import Coverage, images_found
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError

Say = Callable[[str], object]
HALVES = "fit", "report"
"""Folders of the half that is tuned on, and of the other."""


class Halved(Protocol):
    """What is asked for of two halves: of a search, or of a selection of members."""

    @property
    def ann(self) -> Path:
        """LVIS annotations of all images."""

    @property
    def specs(self) -> Sequence[SourceSpec]:
        """The sources by name."""

    @property
    def wanted(self) -> Sequence[str]:
        """Metrics to raise."""

    @property
    def seed(self) -> int:
        """Of the halves."""

    @property
    def seed_option(self) -> str:
        """What the command line calls it."""

    @property
    def exhaustive(self) -> bool:
        """Whether every category is labelled in every image."""

    @property
    def strict(self) -> bool:
        """Whether records that cannot be used are errors."""


@dataclass(frozen=True, eq=False)
class Split:
    """Annotations of some of the images, and all sources restricted to these.

    Attributes:
        truth: The annotations.
        sources: The sources.
        warnings: What a reader of the report should know of them.
    """

    truth: GroundTruth
    sources: Sequence[OpenedSource]
    warnings: Sequence[str]


def read_annotations(request: Halved, say: Say) -> GroundTruth:
    """The annotations of a search, before anything else is read.

    Args:
        request: What is asked for.
        say: Told of a metric that the other half leaves undefined.

    Raises:
        ValueError: They, or those of the half that is tuned on, do not define a metric.
        BadInputError: They cannot be used, or there are too few images.
    """
    truth = read_ground_truth(request.ann, exhaustive=request.exhaustive)
    if not truth.has_masks:
        raise BadInputError(f"{request.ann}: the annotations have boxes only; a merge fuses masks")
    require_defined(request.wanted, truth, str(request.ann), GROUP_METRICS)
    for warning in unverified(truth):
        say(f"warning: {warning}")
    first, second = (truth.of_images(ids) for ids in split_images(truth.images.ids, request.seed))
    tuned_on = f"the half of {request.ann} that {request.seed_option} {request.seed} tunes on"
    require_defined(request.wanted, first, tuned_on, GROUP_METRICS)
    missing = sorted(set(request.wanted) - set(defined_metrics(second)))
    if missing:
        say(
            f"warning: {', '.join(missing)} is undefined on the other half, so what is found there"
            f" cannot be told; another {request.seed_option} halves the images otherwise"
        )
    return truth


def open_splits(request: Halved, truth: GroundTruth, work: Path, say: Say) -> tuple[Split, Split]:
    """The tuning split, and the held-out split that is reported on.

    Args:
        request: What is asked for.
        truth: Its annotations.
        work: Takes the stores and annotations of both.
        say: Told what is being read.

    Raises:
        BadInputError: A file cannot be used, or there are too few images.
    """
    sources = []
    for spec in request.specs:
        say(f"reading {spec.name} ({short_path(spec.path)})")
        of = truth.images, truth.categories, work / "sources", request.strict
        opened = open_source(spec, *of)
        for warning in opened.warnings:
            say(f"warning: {spec.name}: {warning}")
        sources.append(opened)
    if all(source.boxes_only for source in sources):
        raise BadInputError(
            "no source has masks, and a search raises mask AP; name a source with masks, too"
        )
    warnings = list(_uncovered(truth, sources))
    for warning in warnings:
        say(f"warning: {warning}")
    ids = split_images(truth.images.ids, request.seed)
    first, second = (
        _open_split(request, sources, chosen.tolist(), work / name, warnings)
        for name, chosen in zip(HALVES, ids, strict=True)
    )
    return first, second


def labelled_sources(split: Split) -> dict[str, LabelledScores]:
    """The judged detections of each source, by name; by boxes of sources without masks."""
    iou_threshold, labelled = FitSettings().iou_threshold, {}
    for source in split.sources:
        store = PredictionStore.open(source.directory)
        overlap: Overlap = "box" if source.boxes_only else "segm"
        labelled[source.spec.name] = labelled_scores(split.truth, store, overlap, iou_threshold)
    return labelled


def judged_counts(
    split: Split, labelled: Mapping[str, LabelledScores], say: Say
) -> dict[str, dict[str, int]]:
    """`detections` of each source in a split, and the `judged` ones; they are told."""
    counts = {}
    for source in split.sources:
        name = source.spec.name
        num_detections = PredictionStore.open(source.directory).num_detections
        counts[name] = {"detections": num_detections, "judged": len(labelled[name])}
        say(f"{name}: {judged_text(num_detections, len(labelled[name]))}")
    return counts


def make_objective(
    request: TuneRequest,
    split: Split,
    labelled: Mapping[str, LabelledScores],
    work: Path,
    say: Say,
) -> Objective:
    """What trials run on; kinds of calibration that cannot be fitted leave the space.

    Args:
        request: What is asked for.
        split: The one to tune on.
        labelled: Its judged detections by source.
        work: Takes a store that is not needed afterwards.
        say: Told which kinds are left out.

    Raises:
        BadInputError: A source has detections without a mask.
    """
    space, truth = request.space, split.truth
    settings, _ = settings_of(dict(space.options), len(space.specs))
    max_dets = settings.max_dets if space.may_compare_masks else None
    limits = settings.score_thr, settings.strict, work, max_dets, space.may_vote
    rows, rescorer = read_source_detections(truth, split.sources, *limits)
    groups = truth.categories.group_index()[rows.category]
    names = [source.spec.name for source in split.sources]
    scores = {NO_CALIBRATION: rows.scores}
    for kind in MAP_TYPES:
        if "calibration" not in space.searched or kind not in space.calibrations:
            continue
        if can_be_fitted(kind, labelled, len(truth.images)):
            scores[kind] = cross_fitted_rows(kind, rows, labelled, names, groups)
        else:
            needed = FitSettings(kind).needed
            say(
                f"warning: no {kind} calibration: no source has {needed} right and {needed} wrong"
                " detections in the half that is tuned on, nor have all together"
            )
    fitted = tuple(kind for kind in space.calibrations if kind in scores)
    trusted = np.stack([source.trusted_categories for source in split.sources])
    return Objective(
        fusion=FusionInputs(truth, rows, rescorer, trusted),
        scores=scores,
        space=replace(space, specs=[s.spec for s in split.sources], calibrations=fitted),
        wanted=request.wanted,
        margin_trials=request.margin_trials,
    )


def _uncovered(truth: GroundTruth, sources: Sequence[OpenedSource]) -> Iterator[str]:
    for source in sources:
        found = images_found(PredictionStore.open(source.seen_in))
        knows_all = source.spec.categories is None
        coverage = Coverage.of_objects(truth.has_objects, found, knows_all)
        if coverage.is_low:
            yield coverage.warning(source.spec.name)


def _open_split(
    request: Halved,
    sources: Sequence[OpenedSource],
    ids: list[int],
    work: Path,
    warnings: Sequence[str],
) -> Split:
    work.mkdir()
    part = write_annotations(request.ann, ids, work / "annotations.json")
    truth = read_ground_truth(part, exhaustive=request.exhaustive)
    parts = [restrict(source, truth.images, work / source.spec.name) for source in sources]
    return Split(truth, parts, warnings)
