"""The objects of a block, ranked and cut to each image's quota: what is written of them.

Masks compete by `mask_scores` and boxes by `scores`, each for a quota of their own. Objects that no
member has a mask of are boxes only. C clusters of one block, M sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.agreement import largest_score
from ensemble.fusion.clusters import Clusters
from ensemble.fusion.settings import MergeSettings
from ensemble.masks.final import with_chosen_masks
from ensemble.merging.rescoring import order_by_margin, ranks_in_image
from ensemble.sources.blocks import Block
from longtail.evaluation.margins import Margins
from longtail.predictions.columns import DetectionColumns


@dataclass(frozen=True, eq=False)
class FusedBlock:
    """The clusters of a block and what ranks them.

    Attributes:
        block: The detections that were fused.
        clusters: C objects.
        mask_scores: (C,) the score of each one's mask; `clusters.scores` are those of boxes.
        groups: (C,) index into `FREQUENCY_GROUPS`.
        weights: (M,) weight of each source.
        scales: M test scales, None where they are not known.
        settings: What the merge does.
    """

    block: Block
    clusters: Clusters
    mask_scores: NDArray[np.float64]
    groups: NDArray[np.int64]
    weights: NDArray[np.float64]
    scales: Sequence[int | None]
    settings: MergeSettings

    @property
    def images(self) -> NDArray[np.int64]:
        """(C,) place of each one's image in the block."""
        return self.block.images[self.clusters.best]

    def with_masks(self) -> tuple["FusedBlock", NDArray[np.int64]]:
        """The objects that have a mask, of the members that have one; and which they are."""
        clusters, kept = with_masks_only(self.clusters, self.block.columns.has_mask)
        scores, groups = self.mask_scores[kept], self.groups[kept]
        return replace(self, clusters=clusters, mask_scores=scores, groups=groups), kept

    def order(self, scores: NDArray[np.float64], margins: Margins) -> NDArray[np.int64]:
        """(C,) order by image, then falling score + margin."""
        sources = self.block.sources[self.clusters.best]
        return order_by_margin(self.images, scores, self.groups, sources, margins)

    def within_quota(self, order: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(C,) by place in an order, which objects are among the first of their image."""
        return ranks_in_image(self.images[order]) < self.settings.max_dets

    def fused(self, chosen: NDArray[np.int64]) -> DetectionColumns:
        """Objects as detections, with the masks of their best members."""
        clusters, columns = self.clusters, self.block.columns
        best = replace(columns, soft=None).take(clusters.best[chosen])
        return replace(
            best,
            score=np.minimum(clusters.scores[chosen], 1.0),
            score_mask=np.minimum(self.mask_scores[chosen], 1.0),
            boxes=clusters.boxes[chosen],
        )

    def with_final_masks(
        self, fused: DetectionColumns, chosen: NDArray[np.int64]
    ) -> DetectionColumns:
        """The same with voted masks, or those by scale; without a pixel where a vote gave none."""
        where = self.block, self.clusters, chosen, self.weights, self.scales, self.settings
        return with_chosen_masks(fused, *where)

    def boxes(self) -> tuple[DetectionColumns, NDArray[np.int64]]:
        """The boxes of each image's best objects, and which objects they are."""
        order = self.order(self.clusters.scores, self.settings.margins)
        chosen = order[self.within_quota(order)]
        boxes = self.fused(chosen).without_masks()
        return self.written(boxes, chosen), chosen

    def written(self, detections: DetectionColumns, chosen: NDArray[np.int64]) -> DetectionColumns:
        """The detections with the scores that are written: keys are made before any cut to 1."""
        if self.settings.margin_mode == "sort":
            return detections
        groups, margins = self.groups[chosen], self.settings.margins
        largest = (
            largest_score(self.weights) if self.settings.fusion.fusion_method.averages else 1.0
        )
        return replace(
            detections,
            score=margins.as_scores(self.clusters.scores[chosen], groups, largest),
            score_mask=margins.as_scores(self.mask_scores[chosen], groups, largest),
        )

    def num_cut(self, chosen: NDArray[np.int64]) -> int:
        """How many of these objects have a score over 1, which is written as 1."""
        if self.settings.margin_mode == "score":
            return 0
        return int((np.maximum(self.clusters.scores, self.mask_scores)[chosen] > 1).sum())


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
