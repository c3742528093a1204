"""The instances of an annotation file as arrays, for matching.

G instances with an area, by image rank and then in file order; K categories. The pair of an image
and a category is the number rank * K + category index.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.protocol import AREA_BOUNDS

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Instances:
    """What of the annotations matching needs besides their masks.

    Attributes:
        image: (G,) int64 rank of the image.
        label: (G,) int64 index of the category.
        flags: (G,) uint8, bit a: ignored in area range a.
        boxes: (G, 4) float64 x, y, width, height in pixels.
        starts: (N + 1,) int64, where the instances of each image start.
        by_pair: (G,) int64, the instances sorted by pair.
        pairs: (G,) int64, their pairs, sorted.
        not_exhaustive: int64, sorted, pairs in which an unmatched detection counts as nothing.
        num_categories: K.
    """

    image: Ints
    label: Ints
    flags: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    starts: Ints
    by_pair: Ints
    pairs: Ints
    not_exhaustive: Ints
    num_categories: int

    @classmethod
    def of(cls, truth: GroundTruth) -> "Instances":
        """Collect the instances of all images."""
        image, label = truth.image, truth.labels
        pairs = image * len(truth.categories) + label
        by_pair = np.argsort(pairs, kind="stable")
        return cls(
            image=image,
            label=label,
            flags=area_flags(truth.areas),
            boxes=truth.boxes,
            starts=starts_of(np.bincount(image, minlength=len(truth.images))),
            by_pair=by_pair,
            pairs=pairs[by_pair],
            not_exhaustive=_not_exhaustive_pairs(truth),
            num_categories=len(truth.categories),
        )

    def candidates(self, pairs: Ints) -> tuple[Ints, Ints]:
        """Each detection with each instance of its image and category: (E,) indices of both.

        Args:
            pairs: (D,) image and category of each detection.
        """
        first = np.searchsorted(self.pairs, pairs, side="left")
        counts = np.searchsorted(self.pairs, pairs, side="right") - first
        starts = starts_of(counts)
        detection = np.repeat(np.arange(len(pairs)), counts)
        position = np.arange(starts[-1]) + np.repeat(first - starts[:-1], counts)
        return detection, self.by_pair[position]


def area_flags(area: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(D,) bit a for an area outside of area range a."""
    outside = (area[:, None] < AREA_BOUNDS[:, 0]) | (area[:, None] > AREA_BOUNDS[:, 1])
    weights = 1 << np.arange(len(AREA_BOUNDS), dtype=np.uint8)
    flags: NDArray[np.uint8] = (outside * weights).sum(axis=1, dtype=np.uint8)
    return flags


def starts_of(counts: Ints) -> Ints:
    """(M + 1,) where each of M runs of so many members starts, and the end."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])


def is_among(values: Ints, ordered: Ints) -> NDArray[np.bool_]:
    """(D,) whether values are among sorted ones."""
    left = np.searchsorted(ordered, values, side="left")
    return left < np.searchsorted(ordered, values, side="right")


def _not_exhaustive_pairs(truth: GroundTruth) -> Ints:
    listed = truth.file.not_exhaustive_per_image()
    return np.sort(listed.row_of_value() * len(truth.categories) + listed.values)
