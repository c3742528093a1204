"""Matched detections one by one, from which intervals and comparisons are computed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.evaluation.metrics.curves import empty_curves, fill_curves
from longtail.evaluation.metrics.summary import ap_per_category
from longtail.evaluation.protocol import IOU_THRESHOLDS, as_bits


@dataclass(frozen=True, eq=False)
class MatchTable:
    """What matching found over all areas: D judged detections within the cap, P pairs.

    Detections are sorted by category index, then by falling score, then in file order. With the
    ten IoU thresholds as columns, a detection is a true positive (`matched`), nothing (`ignored`)
    or, where neither is set, a false positive.

    Attributes:
        categories: The K categories.
        image_ids: (N,) int64, ascending.
        image: (D,) int64 rank of the image.
        category: (D,) int64 index of the category.
        score: (D,) float64.
        row: (D,) int64 row of the detection in the store, in the order its blocks are read.
        matched: (D, 10) bool, has found an instance that counts.
        ignored: (D, 10) bool, counts as nothing: an ignored instance, or an unmatched detection
            of a category that is not exhaustively annotated in the image.
        starts: (K + 1,) int64, detections of category k are `starts[k]:starts[k + 1]`.
        gt_image: (P,) int64 rank of the image of each (image, category) pair with ground truth
            that counts, sorted by category, then image.
        gt_category: (P,) int64 index of its category.
        gt_count: (P,) int64 instances in it that count.
    """

    categories: CategoryTable
    image_ids: NDArray[np.int64]
    image: NDArray[np.int64]
    category: NDArray[np.int64]
    score: NDArray[np.float64]
    row: NDArray[np.int64]
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    starts: NDArray[np.int64]
    gt_image: NDArray[np.int64]
    gt_category: NDArray[np.int64]
    gt_count: NDArray[np.int64]

    def __post_init__(self) -> None:
        assert self.matched.shape == self.ignored.shape == (len(self), len(IOU_THRESHOLDS))
        assert len(self.starts) == len(self.categories) + 1
        assert self.starts[0] == 0 and self.starts[-1] == len(self)
        assert len(self.image) == len(self.score) == len(self.row) == len(self)
        assert len(self.gt_image) == len(self.gt_category) == len(self.gt_count)

    def __len__(self) -> int:
        return len(self.category)

    @property
    def gt_per_category(self) -> NDArray[np.int64]:
        """(K,) instances of each category that count."""
        totals = np.zeros(len(self.categories), dtype=np.int64)
        np.add.at(totals, self.gt_category, self.gt_count)
        return totals

    def ap_per_category(self) -> NDArray[np.float64]:
        """(K,) AP of each category, -1 without ground truth; equal to `evaluate`'s."""
        curves = empty_curves(len(self.categories), num_areas=1)
        fill_curves(
            as_bits(self.matched),
            as_bits(self.ignored),
            self.starts,
            self.gt_per_category,
            curves.precision[..., 0],
            curves.recall[..., 0],
        )
        return ap_per_category(curves)
