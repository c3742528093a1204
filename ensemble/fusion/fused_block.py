"""From the filtered detections of a block to its objects; merges and trials do the same here.

D detections of one block, C clusters, M sources, K categories.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.agreement import counted_sources, possible_sources
from ensemble.fusion.clusters import Clusters, fuse
from ensemble.fusion.mask_scores import fused_mask_scores
from ensemble.fusion.settings import FusionSettings
from ensemble.sources.blocks import Block
from ensemble.sources.reader import FilteredBlock
from ensemble.sources.source_set import SourceSet


@dataclass(frozen=True, eq=False)
class FusedBlock:
    """The objects of a block.

    Attributes:
        block: The D detections that were fused.
        clusters: C objects; `clusters.scores` are those of their boxes.
        mask_scores: (C,) float64, those of their masks.
        groups: (C,) int64 index into `FREQUENCY_GROUPS`.
        sources: The M sources.
    """

    block: Block
    clusters: Clusters
    mask_scores: NDArray[np.float64]
    groups: NDArray[np.int64]
    sources: SourceSet

    @property
    def images(self) -> NDArray[np.int64]:
        """(C,) place of each object's image in the block."""
        return self.block.images[self.clusters.best]

    @property
    def best_sources(self) -> NDArray[np.int64]:
        """(C,) source of each object's best member."""
        return self.block.sources[self.clusters.best]

    def with_masks(self, has_mask: NDArray[np.bool_]) -> tuple["FusedBlock", NDArray[np.int64]]:
        """The objects that have a mask, of the members that have one; and which they are.

        Args:
            has_mask: (D,) whether a detection has a mask.
        """
        clusters, kept = with_masks_only(self.clusters, has_mask)
        scores, groups = self.mask_scores[kept], self.groups[kept]
        return replace(self, clusters=clusters, mask_scores=scores, groups=groups), kept


def fuse_block(
    filtered: FilteredBlock,
    category_groups: NDArray[np.int64],
    sources: SourceSet,
    settings: FusionSettings,
) -> FusedBlock:
    """Fuse the detections of a block that take part.

    Args:
        filtered: The detections, with the scores that are fused.
        category_groups: (K,) index into `FREQUENCY_GROUPS`.
        sources: The M sources.
        settings: How clusters are formed.
    """
    block = filtered.block
    groups = category_groups[block.categories]
    possible = possible_sources(block, filtered.seen, sources)
    counted = counted_sources(possible, groups, settings.absent, len(sources))
    clusters = fuse(
        block,
        rows=filtered.rows,
        shares=filtered.shares,
        weights=sources.weights,
        num_categories=sources.num_categories,
        settings=settings,
        counted=counted,
    )
    method = settings.fusion_method
    mask_scores = fused_mask_scores(block, clusters, sources.weights, method, counted)
    return FusedBlock(block, clusters, mask_scores, groups[clusters.best], sources)


def with_masks_only(
    clusters: Clusters, has_mask: NDArray[np.bool_]
) -> tuple[Clusters, NDArray[np.int64]]:
    """Clusters of the members that have masks; the (C,) old numbers of those that are left.

    Boxes and scores stay those of all members.
    """
    present = has_mask[clusters.members]
    if present.all():
        return clusters, np.arange(len(clusters.best))
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(present)])[clusters.member_starts]
    kept = np.flatnonzero(np.diff(starts))
    members = clusters.members[present]
    left = Clusters(
        best=members[starts[kept]],
        boxes=clusters.boxes[kept],
        scores=clusters.scores[kept],
        members=members,
        member_starts=np.append(starts[kept], len(members)),
    )
    return left, kept
