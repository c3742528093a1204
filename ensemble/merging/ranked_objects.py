"""The objects of a block, ranked and cut to each image's `max_dets`: what is written of them.

Masks compete by `mask_scores` and boxes by `scores`, each for a `max_dets` of their own. Objects
that no member has a mask of are boxes only. C objects of one block.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.agreement import largest_score
from ensemble.fusion.fused_block import FusedBlock
from ensemble.fusion.settings import MergeSettings
from ensemble.masks.final import with_chosen_masks
from ensemble.merging.rescoring import order_by_margin, ranks_in_image
from longtail.evaluation.margins import Margins
from longtail.predictions.columns import DetectionColumns


@dataclass(frozen=True, eq=False)
class RankedObjects:
    """The objects of a block and what ranks and cuts them.

    Attributes:
        fused: C objects.
        settings: What the merge does.
    """

    fused: FusedBlock
    settings: MergeSettings

    def with_masks(self) -> tuple["RankedObjects", NDArray[np.int64]]:
        """The objects that have a mask, of the members that have one; and which they are."""
        fused, kept = self.fused.with_masks(self.fused.block.columns.has_mask)
        return replace(self, fused=fused), kept

    def order(self, scores: NDArray[np.float64], margins: Margins) -> NDArray[np.int64]:
        """(C,) order by image, then falling score + margin."""
        fused = self.fused
        return order_by_margin(fused.images, scores, fused.groups, fused.best_sources, margins)

    def within_max_dets(self, order: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(C,) by place in an order, which objects are among the first of their image."""
        return ranks_in_image(self.fused.images[order]) < self.settings.max_dets

    def detections(self, chosen: NDArray[np.int64]) -> DetectionColumns:
        """Objects as detections, with the masks of their best members."""
        clusters = self.fused.clusters
        best = replace(self.fused.block.columns, soft=None).take(clusters.best[chosen])
        return replace(
            best,
            score=np.minimum(clusters.scores[chosen], 1.0),
            score_mask=np.minimum(self.fused.mask_scores[chosen], 1.0),
            boxes=clusters.boxes[chosen],
        )

    def with_final_masks(
        self, detections: DetectionColumns, chosen: NDArray[np.int64]
    ) -> DetectionColumns:
        """The same with voted masks, or those by scale; without a pixel where a vote gave none."""
        return with_chosen_masks(detections, self.fused, chosen, self.settings)

    def boxes(self) -> tuple[DetectionColumns, NDArray[np.int64]]:
        """The boxes of each image's best objects, and which objects they are."""
        order = self.order(self.fused.clusters.scores, self.settings.margins)
        chosen = order[self.within_max_dets(order)]
        return self.written(self.detections(chosen).without_masks(), chosen), chosen

    def written(self, detections: DetectionColumns, chosen: NDArray[np.int64]) -> DetectionColumns:
        """The detections with the scores that are written: keys are made before any cut to 1."""
        if self.settings.margin_mode == "sort":
            return detections
        groups, margins = self.fused.groups[chosen], self.settings.margins
        averages = self.settings.fusion.fusion_method.averages
        largest = largest_score(self.fused.sources.weights) if averages else 1.0
        return replace(
            detections,
            score=margins.as_scores(self.fused.clusters.scores[chosen], groups, largest),
            score_mask=margins.as_scores(self.fused.mask_scores[chosen], groups, largest),
        )

    def num_cut(self, chosen: NDArray[np.int64]) -> int:
        """How many of these objects have a score over 1, which is written as 1."""
        if self.settings.margin_mode == "score":
            return 0
        scores = np.maximum(self.fused.clusters.scores, self.fused.mask_scores)
        return int((scores[chosen] > 1).sum())
