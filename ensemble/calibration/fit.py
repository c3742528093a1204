"""Fitting a calibration to the labelled detections of each source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from ensemble.calibration.file import (
    ALL,
    Calibration,
    Counts,
    ErrorChange,
    SourceCalibration,
)
from ensemble.calibration.kinds import CalibrationKind, Groups, Overlap
from ensemble.calibration.labelled_scores import LabelledScores, threshold_place
from ensemble.calibration.maps import (
    MAP_TYPES,
    MIN_MATCHES,
    ScoreMap,
    calibrated,
)
from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.diagnosis.calibration_error import calibration as reliability
from longtail.files import sha256_of
from longtail.problems import BadInputError

FOLD_SEED = 0


@dataclass(frozen=True)
class FitSettings:
    """How to fit.

    Attributes:
        kind: Form of the maps.
        groups: "frequency" for a map of each frequency group with enough detections.
        overlap: Masks or boxes decide what is a true positive.
        iou_threshold: Overlap that makes a true positive, one of AP's ten thresholds.
        min_matches: True positives, and as many false ones, that a map needs; None is the
            kind's own number.
        folds: Parts of the images; errors are reported on the part that was not fitted.
    """

    kind: CalibrationKind = "platt"
    groups: Groups = "frequency"
    overlap: Overlap = "segm"
    iou_threshold: float = 0.5
    min_matches: int | None = None
    folds: int = 2

    def __post_init__(self) -> None:
        threshold_place(self.iou_threshold)
        if self.min_matches is not None and self.min_matches < 1:
            raise ValueError(f"--min-matches {self.min_matches}: at least 1")
        if self.folds < 2:
            raise ValueError(f"--folds {self.folds}: at least 2, one to fit and one to report")

    @property
    def needed(self) -> int:
        """True positives, and as many false ones, that a map needs."""
        return MIN_MATCHES[self.kind] if self.min_matches is None else self.min_matches


def fit_calibration(
    labelled: Mapping[str, LabelledScores],
    truth: GroundTruth,
    settings: FitSettings,
    max_scores: Mapping[str, float] | None = None,
) -> Calibration:
    """Fit every source.

    The result does not depend on the order of sources, nor of their detections.

    Args:
        labelled: Judged detections by name of the source.
        truth: The annotations they were matched with.
        settings: How to fit.
        max_scores: What the scores of sources were divided by, where it was not 1.

    Raises:
        BadInputError: A source has too few true or false positives.
        ValueError: More folds than images.
    """
    fold_of_image = fold_images(len(truth.images), settings.folds)
    scales = max_scores or {}
    return Calibration(
        kind=settings.kind,
        groups=settings.groups,
        overlap=settings.overlap,
        iou_threshold=settings.iou_threshold,
        min_matches=settings.needed,
        folds=settings.folds,
        annotations=sha256_of(truth.path),
        images=truth.images.digest(),
        sources={
            name: structs.replace(
                _fit_source(name, labelled[name], fold_of_image, settings),
                max_score=scales.get(name, 1.0),
            )
            for name in sorted(labelled)
        },
    )


def fold_images(num_images: int, folds: int) -> NDArray[np.int64]:
    """(N,) the fold of each image: folds of equal size, drawn at random, always the same.

    Raises:
        ValueError: More folds than images.
    """
    if folds > num_images:
        raise ValueError(f"--folds {folds}: there are only {num_images} images")
    return np.random.default_rng(FOLD_SEED).permutation(num_images) % folds


def fit_maps(rows: LabelledScores, settings: FitSettings, needed: int) -> dict[str, ScoreMap]:
    """The map of all rows, and one of each group that has enough of them.

    Args:
        rows: At least one judged detection.
        settings: Kind and groups.
        needed: True positives, and as many false ones, from which a group gets its own map.
    """
    fit = MAP_TYPES[settings.kind].fit
    maps: dict[str, ScoreMap] = {ALL: fit(rows.score, rows.true_positive)}
    if settings.groups == "none":
        return maps
    for letter, part in _by_group(rows):
        if letter != ALL and _has(part, needed):
            maps[letter] = fit(part.score, part.true_positive)
    return maps


def _fit_source(
    name: str, rows: LabelledScores, fold_of_image: NDArray[np.int64], settings: FitSettings
) -> SourceCalibration:
    if not _has(rows, settings.needed):
        right, wrong = rows.num_true_positives, len(rows) - rows.num_true_positives
        raise BadInputError(
            f"source {name}: {right} right and {wrong} wrong of its "
            f"detections are judged; {settings.kind} needs {settings.needed} of each: fit on more "
            "annotated images, or allow fewer with --min-matches"
        )
    after = cross_fitted(rows, fold_of_image, settings)
    calibrated_rows = LabelledScores(rows.image, rows.group, after, rows.true_positive)
    parts = zip(_by_group(rows), _by_group(calibrated_rows), strict=True)
    return SourceCalibration(
        maps=fit_maps(rows, settings, settings.needed),
        counts={
            letter: Counts(part.num_true_positives, len(part) - part.num_true_positives)
            for letter, part in _by_group(rows)
        },
        error={
            letter: ErrorChange(_error(before), _error(afterwards))
            for (letter, before), (_, afterwards) in parts
        },
    )


def cross_fitted(
    rows: LabelledScores, fold_of_image: NDArray[np.int64], settings: FitSettings
) -> NDArray[np.float64]:
    """(J,) scores calibrated by maps that were fitted to the other folds of images.

    A group gets its own map there if it has its share of the detections asked for.

    Args:
        rows: Judged detections of one source.
        fold_of_image: (N,) fold of each image.
        settings: How to fit.

    Raises:
        BadInputError: The other folds hold no detection.
    """
    folds = fold_of_image[rows.image]
    needed = max(1, settings.needed * (settings.folds - 1) // settings.folds)
    scores = np.empty(len(rows))
    for fold in range(settings.folds):
        held_out = folds == fold
        others = rows.take(~held_out)
        if not len(others):
            raise BadInputError(
                f"all judged detections lie in fold {fold + 1} of --folds {settings.folds}; fit "
                "on more annotated images"
            )
        maps = fit_maps(others, settings, needed)
        for group, letter in enumerate(FREQUENCY_GROUPS):
            chosen = held_out & (rows.group == group)
            scores[chosen] = calibrated(maps.get(letter, maps[ALL]), rows.score[chosen])
    return scores


def _by_group(rows: LabelledScores) -> Iterator[tuple[str, LabelledScores]]:
    yield ALL, rows
    for group, letter in enumerate(FREQUENCY_GROUPS):
        yield letter, rows.take(rows.group == group)


def _has(rows: LabelledScores, needed: int) -> bool:
    return min(rows.num_true_positives, len(rows) - rows.num_true_positives) >= needed


def _error(rows: LabelledScores) -> float:
    return reliability(rows.score, rows.true_positive).error
