"""What happened to the detections of a merge, stage by stage, source by source, group by group.

M sources, C clusters of one block, G = 3 frequency groups. Everything is counted block by block in
arrays that can be added up, so that shards of a merge are counted apart and joined.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.merging.statistics_json import SCORE_BINS, Counts, statistics_tree
from ensemble.sources.filters import REASONS
from longtail.categories import FREQUENCY_GROUPS

NUM_GROUPS = len(FREQUENCY_GROUPS)


class MergeStatistics:
    """Counts of one merge; the sources are given by name."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        per_source = (len(names), NUM_GROUPS)
        self._counts: dict[str, Counts] = {
            "outcomes": np.zeros((*per_source, len(REASONS)), np.int64),
            "images_found": np.zeros(len(names), np.int64),
            "scores": np.zeros((*per_source, SCORE_BINS), np.int64),
            "calibrated": np.zeros((*per_source, SCORE_BINS), np.int64),
            "members": np.zeros((NUM_GROUPS, 1), np.int64),
            "sources": np.zeros((NUM_GROUPS, len(names) + 1), np.int64),
            "sources_kept": np.zeros((NUM_GROUPS, len(names) + 1), np.int64),
            "found": np.zeros(per_source, np.int64),
            "found_kept": np.zeros(per_source, np.int64),
            "alone": np.zeros(per_source, np.int64),
            "alone_kept": np.zeros(per_source, np.int64),
            "kept": np.zeros(NUM_GROUPS, np.int64),
            "cut": np.zeros(NUM_GROUPS, np.int64),
            "without_mask": np.zeros(NUM_GROUPS, np.int64),
            "boxes_kept": np.zeros(NUM_GROUPS, np.int64),
            "boxes_cut": np.zeros(NUM_GROUPS, np.int64),
            "empty": np.zeros(NUM_GROUPS, np.int64),
            "images": np.zeros(1, np.int64),
            "images_over_cap": np.zeros(1, np.int64),
            "scores_over_one": np.zeros(1, np.int64),
            "box_scores_over_one": np.zeros(1, np.int64),
        }

    @classmethod
    def from_arrays(cls, names: Sequence[str], arrays: Mapping[str, Counts]) -> "MergeStatistics":
        """The counts that `arrays` gave."""
        statistics = cls(names)
        statistics._counts = {key: arrays[key] for key in statistics._counts}
        return statistics

    def arrays(self) -> dict[str, Counts]:
        """The counts by name, to be written to a file."""
        return dict(self._counts)

    def add(self, other: "MergeStatistics") -> None:
        """Add the counts of other images of the same merge."""
        assert self.names == other.names
        for key, counts in other._counts.items():
            self._add(key, counts)

    def add_detections(
        self,
        seen: NDArray[np.bool_],
        sources: Counts,
        groups: Counts,
        scores: NDArray[np.float64],
        reasons: Counts,
    ) -> None:
        """Count the (D,) detections of a block before fusion.

        Args:
            seen: (M, images of the block) whether a source was run on an image.
            sources: (D,) index of the source.
            groups: (D,) index into `FREQUENCY_GROUPS`.
            scores: (D,) in [0, 1], as the sources gave them.
            reasons: (D,) index into `REASONS`.
        """
        cells = sources * NUM_GROUPS + groups
        shape = self._counts["outcomes"].shape
        self._add("images", np.array([seen.shape[1]]))
        self._add("images_found", seen.sum(axis=1))
        self._add("outcomes", _count(cells * len(REASONS) + reasons, shape))
        self._add_scores("scores", cells, scores)

    def add_calibrated(self, sources: Counts, groups: Counts, scores: NDArray[np.float64]) -> None:
        """Count the calibrated scores of the (D,) detections of a block."""
        self._add_scores("calibrated", sources * NUM_GROUPS + groups, scores)

    def add_clusters(
        self,
        members: Counts,
        found: NDArray[np.bool_],
        groups: Counts,
        kept: NDArray[np.bool_],
        has_mask: NDArray[np.bool_],
    ) -> None:
        """Count the (C,) clusters of a block.

        Args:
            members: (C,) detections in each.
            found: (C, M) whether one of them is of the source.
            groups: (C,) index into `FREQUENCY_GROUPS`.
            kept: (C,) whether a cluster's mask is among the best of its image.
            has_mask: (C,) whether a member has a mask.
        """
        width = int(members.max(initial=0)) + 1
        self._add("members", _count(groups * width + members, (NUM_GROUPS, width)))
        self._add_found(found, groups, kept)
        self._add("kept", np.bincount(groups[kept], minlength=NUM_GROUPS))
        self._add("cut", np.bincount(groups[~kept & has_mask], minlength=NUM_GROUPS))
        self._add("without_mask", np.bincount(groups[~has_mask], minlength=NUM_GROUPS))

    def _add_found(self, found: NDArray[np.bool_], groups: Counts, kept: NDArray[np.bool_]) -> None:
        sources = found.sum(axis=1)
        alone = found & (sources == 1)[:, None]
        width = len(self.names) + 1
        for suffix, rows in (("", slice(None)), ("_kept", kept)):
            cells = groups[rows] * width + sources[rows]
            self._add(f"sources{suffix}", _count(cells, (NUM_GROUPS, width)))
            for key, which in (("found", found), ("alone", alone)):
                clusters, of = np.nonzero(which[rows])
                cells = of * NUM_GROUPS + groups[rows][clusters]
                self._add(f"{key}{suffix}", _count(cells, (len(self.names), NUM_GROUPS)))

    def add_boxes(self, groups: Counts, chosen: Counts, num_cut: int) -> None:
        """Count what the submission of boxes keeps of the (C,) clusters of a block.

        Args:
            groups: (C,) index into `FREQUENCY_GROUPS`.
            chosen: Those that are kept.
            num_cut: How many of those have a score that was cut to 1.
        """
        self._add("box_scores_over_one", np.array([num_cut]))
        kept = np.bincount(groups[chosen], minlength=NUM_GROUPS)
        self._add("boxes_kept", kept)
        self._add("boxes_cut", np.bincount(groups, minlength=NUM_GROUPS) - kept)

    def add_results(self, num_over_cap: int, num_cut: int, empty_groups: Counts) -> None:
        """Count what became of the kept clusters of a block.

        Args:
            num_over_cap: Images with more clusters than they may keep.
            num_cut: Kept clusters whose fused score was cut to 1.
            empty_groups: Groups of the clusters whose voted mask has no pixel; they are dropped.
        """
        self._add("images_over_cap", np.array([num_over_cap]))
        self._add("scores_over_one", np.array([num_cut]))
        self._add("empty", np.bincount(empty_groups, minlength=NUM_GROUPS))

    @property
    def scores_over_one(self) -> int:
        """Kept clusters with a mask whose fused score had to be cut to 1."""
        return int(self._counts["scores_over_one"][0])

    @property
    def box_scores_over_one(self) -> int:
        """The same of the submission of boxes."""
        return int(self._counts["box_scores_over_one"][0])

    @property
    def images_without_detections(self) -> dict[str, int]:
        """For each source, images that it says nothing about."""
        missing = self._counts["images"] - self._counts["images_found"]
        return dict(zip(self.names, missing.tolist(), strict=True))

    def as_dict(self) -> dict[str, Any]:
        """The counts as a JSON tree."""
        return statistics_tree(self.names, self._counts)

    def _add_scores(self, key: str, cells: Counts, scores: NDArray[np.float64]) -> None:
        bins = np.minimum((scores * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
        self._add(key, _count(cells * SCORE_BINS + bins, self._counts[key].shape))

    def _add(self, key: str, counts: Counts) -> None:
        ours = self._counts[key]
        missing = counts.shape[-1] - ours.shape[-1]
        if missing > 0:
            ours = np.pad(ours, [(0, 0)] * (ours.ndim - 1) + [(0, missing)])
        ours[..., : counts.shape[-1]] += counts
        self._counts[key] = ours


def _count(cells: Counts, shape: tuple[int, ...]) -> Counts:
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
