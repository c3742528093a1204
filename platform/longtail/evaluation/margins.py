"""Margins on scores that let rare categories into an image's quota of detections.

C detections. Source: the EQL report of the LVIS challenge 2019 (003), section 5, re-scoring
ensemble: a rare detection goes before a frequent one if its score plus 0.1 is higher, a common one
if its score plus 0.05 is (the report's alpha). AP is computed within a category, where a margin
changes nothing; it can act only through which detections the cut to `max_dets` per image leaves.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS


@dataclass(frozen=True)
class Margins:
    """What is added to a score before detections of one image compete for its quota.

    Attributes:
        rare: alpha of rare categories (trained on 1 to 10 images), at least `common`.
        common: alpha of common categories (11 to 100 images), at least 0, that of frequent ones.
    """

    rare: float = 0.1
    common: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.common <= self.rare or math.isinf(self.rare):
            raise ValueError(
                f"margins rare {self.rare}, common {self.common}: expected "
                "0 <= common <= rare, as in --rare-margin 0.1 --common-margin 0.05"
            )

    def keys(self, scores: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
        """(C,) score + margin; `groups` are indices into `FREQUENCY_GROUPS`."""
        by_letter = {"r": self.rare, "c": self.common, "f": 0.0}
        margins = np.array([by_letter[letter] for letter in FREQUENCY_GROUPS])
        keys: NDArray[np.float64] = scores + margins[groups]
        return keys

    def as_scores(
        self, scores: NDArray[np.float64], groups: NDArray[np.int64], largest: float
    ) -> NDArray[np.float64]:
        """(C,) (score + margin) / (largest score + rare margin), in [0, 1].

        Whoever sorts by them gets the order of the quota. AP within a category stays as it is, but
        the numbers are no probabilities any more.

        Args:
            scores: (C,) in [0, largest].
            groups: (C,) index into `FREQUENCY_GROUPS`.
            largest: 1 or more: of the whole merge, so that scores of all images compare.
        """
        # Means rounded to float32 can pass the largest score by a part in 10 million.
        return np.minimum(self.keys(scores, groups) / (largest + self.rare), 1.0)
