"""What the classifier was taught in some steps of training, category by category.

K categories. A RoI is a positive of its own category and a negative of all others; a RoI of the
background is a negative of all. It is valid for a category if the gradient of that category's logit
is not exactly 0: what a loss masks, such as the equalization loss, is not valid.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Sums = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TelemetryWindow:
    """Counts and sums over the RoIs of some steps, of all workers together.

    Gradients are absolute values of R dL/dz, with L the loss that is minimised, its weight
    included, and R the number of RoIs of a worker's step.

    Attributes:
        steps: How many steps.
        rois: How many RoIs.
        positives: (K,) RoIs of the category.
        valid_positives: (K,) the valid ones.
        valid_foreground_negatives: (K,) valid RoIs of other categories.
        valid_background_negatives: (K,) valid RoIs of the background.
        positive_gradient: (K,) summed over the category's RoIs.
        foreground_negative_gradient: (K,) summed over RoIs of other categories.
        background_negative_gradient: (K,) summed over RoIs of the background.
        scores: (K,) sum of the category's score over all RoIs.
        positive_scores: (K,) the same over its own RoIs.
    """

    steps: int
    rois: int
    positives: Counts
    valid_positives: Counts
    valid_foreground_negatives: Counts
    valid_background_negatives: Counts
    positive_gradient: Sums
    foreground_negative_gradient: Sums
    background_negative_gradient: Sums
    scores: Sums
    positive_scores: Sums

    def __add__(self, other: Self) -> Self:
        """Both windows together; they are of the same categories."""
        names = [field.name for field in fields(self)]
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def foreground_rois(self) -> int:
        """RoIs of any category."""
        return int(self.positives.sum())

    @property
    def foreground_negatives(self) -> Counts:
        """(K,) RoIs of other categories, valid or not."""
        return self.foreground_rois - self.positives

    @property
    def background_negatives(self) -> int:
        """RoIs of the background, the same for every category, valid or not."""
        return self.rois - self.foreground_rois

    @property
    def gradient_ratio(self) -> Sums:
        """(K,) g of EQL v2: the gradient of positives over that of all negatives; NaN without."""
        negative = self.foreground_negative_gradient + self.background_negative_gradient
        return _ratio(self.positive_gradient, negative)

    @property
    def mean_score(self) -> Sums:
        """(K,) over all RoIs; NaN without RoIs."""
        return _ratio(self.scores, np.full(len(self.scores), self.rois))

    @property
    def mean_positive_score(self) -> Sums:
        """(K,) over the category's own RoIs; NaN without."""
        return _ratio(self.positive_scores, self.positives)


def _ratio(over: NDArray[np.float64], under: NDArray[np.int64] | NDArray[np.float64]) -> Sums:
    ratio = np.full(len(over), np.nan)
    np.divide(over, under, out=ratio, where=under > 0)
    return ratio
