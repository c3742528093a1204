"""What can be said of a whole prediction set without its boxes and masks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.overlap_part import Kind, OverlapPart


@dataclass(frozen=True, eq=False)
class SetColumns:
    """D detections of the whole store, in the order of its blocks.

    Attributes:
        image: (D,) int64 rank of the image.
        category: (D,) int64 index of the category.
        score: (D,) float64, of masks or of boxes.
    """

    image: NDArray[np.int64]
    category: NDArray[np.int64]
    score: NDArray[np.float64]

    @classmethod
    def of(cls, whole: OverlapPart, kind: Kind) -> "SetColumns":
        """The rows that the part of all blocks holds."""
        image = np.repeat(np.arange(len(whole.image_counts)), whole.image_counts)
        return cls(image, whole.label, whole.scores(kind))
