"""What the detections of all views of an image become: the union, less what overlaps.

The result is that of `ensemble.merge` over the stores of the views, for boxes: valid ranges of the
scales, suppression within a category, and places of an image by score + margin. D detections of one
image, V views.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from longtail.config.test_time.tta import TTA
from longtail.evaluation.margins import Margins
from longtail.inference.tta.suppression import suppressed
from longtail.inference.tta.views import views_of
from longtail.predictions.columns import DetectionColumns


@dataclass(frozen=True)
class UnionOfViews:
    """How detections are united.

    Attributes:
        tta: Ranges, suppression and margins.
        score_threshold: Detections that do not score higher are dropped.
        detections_per_image: The most that are kept of an image.
        category_ids: (K,) int64, rising ids of the file.
        groups: (K,) index into `FREQUENCY_GROUPS`; None where there are no margins.
    """

    tta: TTA
    score_threshold: float
    detections_per_image: int
    category_ids: NDArray[np.int64]
    groups: NDArray[np.int64] | None

    def of_image(self, found: Sequence[DetectionColumns]) -> DetectionColumns:
        """The detections that are kept of one image, by falling score.

        Of equal scores the detection of the earlier view comes first, then the earlier one of a
        view. A score that suppression lowers takes the score of the mask with it.

        Args:
            found: Those of each of the V views, in the original image.
        """
        trusted = [
            _within(view.scale.smallest, view.scale.largest, columns)
            for view, columns in zip(views_of(self.tta), found, strict=True)
        ]
        rows = DetectionColumns.concatenate(trusted)
        corners = np.concatenate([rows.boxes[:, :2], rows.boxes[:, :2] + rows.boxes[:, 2:]], axis=1)
        solid = np.flatnonzero((corners[:, 2:] > corners[:, :2]).all(axis=1))
        labels = np.searchsorted(self.category_ids, rows.category_id)
        index, lowered = suppressed(
            torch.from_numpy(corners[solid]),
            torch.from_numpy(labels[solid]),
            torch.from_numpy(rows.score[solid]),
            self.tta.suppression,
        )
        kept, scores = solid[index.numpy()], lowered.numpy()
        chosen = self._places(labels[kept], scores)
        order = chosen[np.argsort(-scores[chosen], kind="stable")]
        return _with_scores(rows.take(kept[order]), scores[order])

    def _places(self, labels: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rising indices of those that get one of the image's places."""
        over = np.flatnonzero(scores > self.score_threshold)
        keys = scores[over]
        if self.groups is not None:
            margins = Margins(self.tta.rare_margin, self.tta.common_margin)
            keys = margins.keys(keys, self.groups[labels[over]])
        order = np.lexsort((-scores[over], -keys))
        return np.sort(over[order[: self.detections_per_image]])


def _within(smallest: float, largest: float | None, columns: DetectionColumns) -> DetectionColumns:
    """The detections whose side a scale is trusted with."""
    if smallest == 0 and largest is None:
        return columns
    sides = np.sqrt(columns.boxes[:, 2] * columns.boxes[:, 3])
    return columns.take((sides >= smallest) & (sides < (np.inf if largest is None else largest)))


def _with_scores(columns: DetectionColumns, scores: NDArray[np.float64]) -> DetectionColumns:
    """The detections with other scores; those of masks change by the same factor."""
    if np.array_equal(scores, columns.score):
        return columns
    factors = np.divide(scores, columns.score, out=np.ones_like(scores), where=columns.score > 0)
    same = columns.score_mask == columns.score
    score_mask = np.where(same, scores, columns.score_mask * factors)
    return replace(columns, score=scores, score_mask=score_mask)
