"""How to fit a calibration, and the folds of images over which its error is found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.kinds import CalibrationKind, Groups, Overlap
from ensemble.calibration.labelled_scores import threshold_place
from ensemble.calibration.maps import MIN_MATCHES

FOLD_SEED = 0


@dataclass(frozen=True)
class FitSettings:
    """How to fit.

    Attributes:
        kind: Form of the maps.
        groups: "frequency" for a map of each frequency group with enough detections.
        overlap: Masks or boxes decide what is a true positive; sources without masks have boxes.
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


def fold_images(num_images: int, folds: int) -> NDArray[np.int64]:
    """(N,) the fold of each image: folds of equal size, drawn at random, always the same.

    Raises:
        ValueError: More folds than images.
    """
    if folds > num_images:
        raise ValueError(f"--folds {folds}: there are only {num_images} images")
    return np.random.default_rng(FOLD_SEED).permutation(num_images) % folds
