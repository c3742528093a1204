"""Calibrated scores of the half that is tuned on, each image by maps that did not see it.

Maps fitted to the same detections that a trial is judged by would flatter the kind of map that
follows chance best. So the half is cut into two folds of images and each is calibrated by maps
fitted to the other. Sources with too few detections go through the maps that `fall_back` says.

D rows of all sources.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.apply import calibrated_masks
from ensemble.calibration.fall_back import FallBack
from ensemble.calibration.fit_settings import FitSettings, fold_images
from ensemble.calibration.kinds import CalibrationKind
from ensemble.calibration.labelled_scores import LabelledScores
from ensemble.calibration.maps import through
from ensemble.tuning.objective.detections import SourceDetections
from longtail.categories import FREQUENCY_GROUPS

FOLDS = 2
NO_CALIBRATION = "none"


def can_be_fitted(
    kind: CalibrationKind, labelled: Mapping[str, LabelledScores], num_images: int
) -> bool:
    """Whether some source, or all together, has detections enough for a kind of map."""
    folds = fold_images(num_images, FOLDS)
    return FallBack.of(labelled, folds, FitSettings(kind, folds=FOLDS)).changes_something


def cross_fitted_rows(
    kind: CalibrationKind,
    rows: SourceDetections,
    labelled: Mapping[str, LabelledScores],
    names: Sequence[str],
    groups: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(2, D) calibrated scores, and those of masks, which stay as far below as they were.

    Args:
        kind: Form of the maps.
        rows: The detections.
        labelled: Judged detections by source.
        names: Names of the sources, by index.
        groups: (D,) index into `FREQUENCY_GROUPS`.
    """
    settings = FitSettings(kind, folds=FOLDS)
    folds = fold_images(len(rows.image_ids), FOLDS)
    fall_back = FallBack.of(labelled, folds, settings)
    scores = np.empty(len(rows))
    for fold in range(FOLDS):
        maps = fall_back.fit_without(labelled, folds, fold, settings)
        for source, name in enumerate(names):
            here = (rows.source == source) & (folds[rows.image] == fold)
            for group, letter in enumerate(FREQUENCY_GROUPS):
                chosen = here & (groups == group)
                scores[chosen] = through(maps.map_of(name, letter), rows.score[chosen])
    return np.stack([scores, calibrated_masks(rows.score, rows.score_mask, scores)])
