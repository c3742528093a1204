"""Calibrated scores of the half that is tuned on, each image by maps that did not see it.

Maps fitted to the same detections that a trial is judged by would flatter the kind of map that
follows chance best. So the half is cut into two folds of images and each is calibrated by maps
fitted to the other.

D rows of all sources.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.apply import mask_factors
from ensemble.calibration.file import ALL
from ensemble.calibration.fit import FitSettings, fit_maps, fold_images
from ensemble.calibration.kinds import CalibrationKind
from ensemble.calibration.labelled_scores import LabelledScores
from ensemble.calibration.maps import calibrated
from ensemble.tuning.objective.detections import SourceDetections
from longtail.categories import FREQUENCY_GROUPS

FOLDS = 2
NO_CALIBRATION = "none"


def can_be_fitted(
    kind: CalibrationKind, labelled: Mapping[str, LabelledScores], num_images: int
) -> bool:
    """Whether every source has detections enough for a kind of map, in both folds."""
    needed = FitSettings(kind).needed
    folds = fold_images(num_images, FOLDS)
    for rows in labelled.values():
        if min(rows.num_true_positives, len(rows) - rows.num_true_positives) < needed:
            return False
        if len(np.unique(folds[rows.image])) < FOLDS:
            return False
    return True


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
    needed = max(1, settings.needed // FOLDS)
    folds = fold_images(len(rows.image_ids), FOLDS)
    scores = np.empty(len(rows))
    for source, name in enumerate(names):
        own = labelled[name]
        for fold in range(FOLDS):
            maps = fit_maps(own.take(folds[own.image] != fold), settings, needed)
            here = (rows.source == source) & (folds[rows.image] == fold)
            for group, letter in enumerate(FREQUENCY_GROUPS):
                chosen = here & (groups == group)
                scores[chosen] = calibrated(maps.get(letter, maps[ALL]), rows.score[chosen])
    factors = mask_factors(rows.score, rows.score_mask)
    return np.stack([scores, np.minimum(scores * factors, 1.0)])
