"""What happened to the detections of a merge, stage by stage and source by source.

M sources, C clusters of one block. Everything is counted block by block in arrays of fixed size.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.screening import OUTCOMES
from longtail.categories import FREQUENCY_GROUPS

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Quantiles are read off a histogram: exact to the width of a bin.
SCORE_BINS = 10_000
NUM_GROUPS = len(FREQUENCY_GROUPS)


class MergeStatistics:
    """Counts of one merge; the sources are given by name.

    Attributes:
        scores_over_one: Kept clusters whose fused score had to be cut to 1.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._outcomes = np.zeros((len(names), len(OUTCOMES)), np.int64)
        self._images_found = np.zeros(len(names), np.int64)
        self._scores = np.zeros((len(names), NUM_GROUPS, SCORE_BINS), np.int64)
        self._sizes: Counter[int] = Counter()
        self._kept = np.zeros(NUM_GROUPS, np.int64)
        self._cut = np.zeros(NUM_GROUPS, np.int64)
        self._images = 0
        self._images_over_cap = 0
        self.scores_over_one = 0

    def add_detections(
        self,
        num_images: int,
        sources: NDArray[np.int64],
        images: NDArray[np.int64],
        groups: NDArray[np.int64],
        scores: NDArray[np.float64],
        outcomes: NDArray[np.int64],
    ) -> None:
        """Count the (D,) detections of a block of `num_images` images before fusion.

        Args:
            num_images: Images of the block, with detections or not.
            sources: Index of the source.
            images: Place of the image in the block.
            groups: Index into `FREQUENCY_GROUPS`.
            scores: In [0, 1].
            outcomes: Index into `OUTCOMES`.
        """
        num_sources = len(self.names)
        self._images += num_images
        self._outcomes += _count(sources * len(OUTCOMES) + outcomes, self._outcomes.shape)
        found = _count(sources * num_images + images, (num_sources, num_images)) > 0
        self._images_found += found.sum(axis=1)
        bins = np.minimum((scores * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
        cells = (sources * NUM_GROUPS + groups) * SCORE_BINS + bins
        self._scores += _count(cells, self._scores.shape)

    def add_clusters(
        self,
        sizes: NDArray[np.int64],
        images: NDArray[np.int64],
        groups: NDArray[np.int64],
        scores: NDArray[np.float64],
        kept: NDArray[np.bool_],
    ) -> None:
        """Count the (C,) clusters of a block.

        Args:
            sizes: Members of each.
            images: Place of the image in the block.
            groups: Index into `FREQUENCY_GROUPS`.
            scores: Fused scores.
            kept: Whether a cluster is among the best of its image.
        """
        values, counts = np.unique(sizes, return_counts=True)
        self._sizes.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        self._kept += np.bincount(groups[kept], minlength=NUM_GROUPS)
        self._cut += np.bincount(groups[~kept], minlength=NUM_GROUPS)
        self._images_over_cap += len(np.unique(images[~kept]))
        self.scores_over_one += int((scores[kept] > 1).sum())

    @property
    def images_without_detections(self) -> dict[str, int]:
        """For each source, images it says nothing about; they weigh against what others found."""
        missing = self._images - self._images_found
        return dict(zip(self.names, missing.tolist(), strict=True))

    def as_dict(self) -> dict[str, Any]:
        """The counts as a JSON tree."""
        clusters = sum(self._sizes.values())
        members = sum(size * count for size, count in self._sizes.items())
        return {
            "images": self._images,
            "sources": {name: self._source(i) for i, name in enumerate(self.names)},
            "fusion": {
                "detections_in": members,
                "clusters": clusters,
                "members_per_cluster": members / clusters if clusters else None,
                "clusters_by_members": {str(n): self._sizes[n] for n in sorted(self._sizes)},
            },
            "cap": {
                "kept": _by_group(self._kept),
                "cut": _by_group(self._cut),
                "images_where_it_binds": self._images_over_cap,
                "share_of_images_where_it_binds": self._images_over_cap / max(self._images, 1),
            },
            "scores_over_one_cut_to_one": self.scores_over_one,
        }

    def _source(self, index: int) -> dict[str, Any]:
        outcomes = dict(zip(OUTCOMES, self._outcomes[index].tolist(), strict=True))
        return {
            "detections": sum(outcomes.values()),
            **outcomes,
            "images_without_detections": self.images_without_detections[self.names[index]],
            "score_quantiles": {
                letter: _quantiles(self._scores[index, group])
                for group, letter in enumerate(FREQUENCY_GROUPS)
            },
        }


def _count(cells: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)


def _by_group(counts: NDArray[np.int64]) -> dict[str, int]:
    return dict(zip(FREQUENCY_GROUPS, counts.tolist(), strict=True))


def _quantiles(histogram: NDArray[np.int64]) -> dict[str, float] | None:
    total = int(histogram.sum())
    if not total:
        return None
    ranks = [max(1, round(quantile * total)) for quantile in QUANTILES]
    bins = np.searchsorted(np.cumsum(histogram), ranks)
    middles = (bins + 0.5) / SCORE_BINS
    return {str(q): round(m, 5) for q, m in zip(QUANTILES, middles.tolist(), strict=True)}
