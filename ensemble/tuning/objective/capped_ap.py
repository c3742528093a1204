"""AP of one fusion under any margins: they change nothing but the cut to `max_dets` an image.

What does not depend on margins is done once: the order of an image's clusters, that of the judged
ones within a category, their overlaps. A pair of margins is then a cut, a walk over the judged
clusters that are left, and a mean; cuts that leave the same judged clusters are judged once. The
numbers are those of an evaluation of the merge to the last digit, equal scores included.

C clusters of N images, J of them judged, K categories that occur in the annotations.
"""

import hashlib
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ensemble.merging.rescoring import order_by_margin
from ensemble.tuning.objective.fused_images import Fused
from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.margins import Margins
from longtail.evaluation.metrics.cap import within_cap
from longtail.evaluation.metrics.curves import empty_curves, fill_curves
from longtail.evaluation.metrics.ranking import Ranking, match_ranked
from longtail.evaluation.metrics.rescorer import MAX_DETS
from longtail.metrics import GROUP_METRICS, UNDEFINED

ALL_AREAS = 0
CUT = -1.0


class CappedAP:
    """Cuts the clusters of a fusion and judges what is left.

    Args:
        fused: The clusters.
        categories: All categories of the annotations.
        num_images: N, those without a cluster included.
        max_dets: Clusters that an image may keep.
    """

    def __init__(
        self, fused: Fused, categories: CategoryTable, num_images: int, max_dets: int
    ) -> None:
        nothing = Margins(0.0, 0.0)
        sort_by = fused.images, fused.scores, fused.groups, fused.sources
        # By score; of equal keys the cut takes the earlier, as the merge does.
        order = order_by_margin(*sort_by, nothing)
        self._scores, self._groups = fused.scores[order], fused.groups[order]
        self._starts = np.searchsorted(fused.images[order], np.arange(num_images + 1))
        self._overlaps, self._categories = fused.rescorer.overlaps, categories
        self._max_dets = max_dets
        self._known: dict[bytes, dict[str, float]] = {}
        self._rank_judged(fused.places[order])

    @cached_property
    def num_over(self) -> int:
        """Images with more clusters than may stay."""
        return int((np.diff(self._starts) > self._max_dets).sum())

    def evaluate(self, margins: Margins) -> dict[str, float]:
        """AP, APr, APc and APf of what the cut by score + margin leaves, as fractions."""
        judged = self._kept(margins)[self._cluster]
        digest = hashlib.blake2b(np.packbits(judged).tobytes()).digest()
        if digest not in self._known:
            self._known[digest] = self._judge(judged)
        return self._known[digest]

    def _rank_judged(self, places: NDArray[np.int64]) -> None:
        """Order the judged clusters of categories that occur by category and falling score."""
        overlaps, num_categories = self._overlaps, len(self._categories)
        truth = np.repeat(np.arange(num_categories), np.diff(overlaps.truth_starts))
        counted = overlaps.truth_flags & 1 == 0
        num_truth = np.bincount(truth[counted], minlength=num_categories)
        self._occurs = num_truth > 0
        self._num_truth = num_truth[self._occurs]
        cluster_at = np.full(len(overlaps.scores), -1)
        cluster_at[places] = np.arange(len(places))
        cluster = cluster_at[overlaps.row]
        category = np.repeat(np.arange(num_categories), np.diff(overlaps.detection_starts))
        here = np.flatnonzero((cluster >= 0) & self._occurs[category])
        # Clusters are numbered image by image, so that equal scores go as in the merge's file.
        written = np.minimum(self._scores[cluster[here]], 1.0)
        order = np.lexsort((cluster[here], -written, category[here]))
        here, self._written = here[order], written[order]
        self._judged, self._cluster = here, cluster[here]
        self._category = (np.cumsum(self._occurs) - 1)[category[here]]

    def _kept(self, margins: Margins) -> NDArray[np.bool_]:
        """(C,) what is in the merge, and among the best scores that an evaluation looks at."""
        keys = margins.keys(self._scores, self._groups)
        kept: NDArray[np.bool_] = self._within(keys, self._max_dets)
        if self._max_dets > MAX_DETS:
            written = np.where(kept, np.minimum(self._scores, 1.0), CUT)
            kept = kept & self._within(written, MAX_DETS)
        return kept

    def _within(self, keys: NDArray[np.float64], max_dets: int) -> NDArray[np.bool_]:
        if not len(keys):
            return np.zeros(0, np.bool_)
        kept: NDArray[np.bool_] = within_cap(keys, self._starts, max_dets)
        return kept

    def _judge(self, judged: NDArray[np.bool_]) -> dict[str, float]:
        num_categories = len(self._num_truth)
        counts = np.bincount(self._category[judged], minlength=num_categories)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        ranking = Ranking(self._judged[judged], self._written[judged], starts)
        found = match_ranked(self._overlaps, ranking, ALL_AREAS)
        curves = empty_curves(num_categories, num_areas=1)
        precision, recall = curves.precision[..., 0], curves.recall[..., 0]
        if num_categories:
            fill_curves(*found, starts, self._num_truth, precision, recall)
        groups = [self._categories.group(letter)[self._occurs] for letter in FREQUENCY_GROUPS]
        parts = [precision, *(precision[..., members] for members in groups)]
        return dict(zip(GROUP_METRICS, map(_mean, parts), strict=True))


def _mean(precision: NDArray[np.float64]) -> float:
    # Flat and in lvis-api's order, on which the last digit depends.
    values = precision.ravel()
    return float(values.mean()) if values.size else UNDEFINED
