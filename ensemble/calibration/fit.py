"""Fitting a calibration to the labelled detections of each source."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.fall_back import FallBack, FittedMaps, Labelled
from ensemble.calibration.file import Calibration
from ensemble.calibration.fit_settings import FitSettings, fold_images
from ensemble.calibration.fitted_source import (
    ALL,
    LETTERS,
    Counts,
    ErrorChange,
    ReliabilityChange,
    SourceCalibration,
)
from ensemble.calibration.labelled_scores import LabelledScores
from ensemble.calibration.maps import through
from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.diagnosis.calibration_error import calibration as reliability
from longtail.files import sha256_of


def fit_calibration(
    labelled: Labelled,
    truth: GroundTruth,
    settings: FitSettings,
    max_scores: Mapping[str, float] | None = None,
) -> Calibration:
    """Fit every source, those with too few detections as `fall_back` says.

    The result does not depend on the order of sources, nor of their detections.

    Args:
        labelled: Judged detections by name of the source.
        truth: The annotations they were matched with.
        settings: How to fit.
        max_scores: What the scores of sources were divided by, where it was not 1.

    Raises:
        ValueError: More folds than images.
    """
    fold_of_image = fold_images(len(truth.images), settings.folds)
    fall_back, scales = FallBack.of(labelled, fold_of_image, settings), max_scores or {}
    fitted = fall_back.fit(labelled, settings, settings.needed)
    after = cross_fitted(labelled, fold_of_image, settings)
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
            name: _source(name, labelled[name], after[name], fitted, scales.get(name, 1.0))
            for name in sorted(labelled)
        },
        shared=fitted.shared,
        exhaustive=truth.exhaustive,
    )


def cross_fitted(
    labelled: Labelled, fold_of_image: NDArray[np.int64], settings: FitSettings
) -> dict[str, NDArray[np.float64]]:
    """(J,) scores of each source, calibrated by maps that were fitted to the other folds of images.

    Args:
        labelled: Judged detections by source.
        fold_of_image: (N,) fold of each image.
        settings: How to fit.
    """
    fall_back = FallBack.of(labelled, fold_of_image, settings)
    found = {name: np.empty(len(rows)) for name, rows in labelled.items()}
    for fold in range(settings.folds):
        maps = fall_back.fit_without(labelled, fold_of_image, fold, settings)
        for name, rows in labelled.items():
            held_out = fold_of_image[rows.image] == fold
            for group, letter in enumerate(FREQUENCY_GROUPS):
                chosen = held_out & (rows.group == group)
                found[name][chosen] = through(maps.map_of(name, letter), rows.score[chosen])
    return found


def _source(
    name: str,
    rows: LabelledScores,
    calibrated: NDArray[np.float64],
    fitted: FittedMaps,
    max_score: float,
) -> SourceCalibration:
    parts = {letter: (part, chosen) for letter, part, chosen in _by_group(rows)}
    before = {
        letter: reliability(part.score, part.true_positive) for letter, (part, _) in parts.items()
    }
    after = {
        letter: reliability(calibrated[chosen], part.true_positive)
        for letter, (part, chosen) in parts.items()
    }
    return SourceCalibration(
        maps=dict(fitted.own.get(name, {})),
        counts={
            letter: Counts(part.num_true_positives, len(part) - part.num_true_positives)
            for letter, (part, _) in parts.items()
        },
        error={
            letter: ErrorChange(before[letter].error, after[letter].error) for letter in LETTERS
        },
        max_score=max_score,
        overlap=rows.overlap,
        taken={letter: fitted.whose(name, letter) for letter in LETTERS},
        reliability={
            letter: ReliabilityChange(before[letter].bins, after[letter].bins)
            for letter in FREQUENCY_GROUPS
        },
    )


def _by_group(rows: LabelledScores) -> Iterator[tuple[str, LabelledScores, NDArray[np.bool_]]]:
    """Each group with its rows, and which they are; first all."""
    for letter in LETTERS:
        of_group = FREQUENCY_GROUPS.index(letter) if letter != ALL else None
        chosen = np.ones(len(rows), np.bool_) if of_group is None else rows.group == of_group
        yield letter, rows.take(chosen), chosen
