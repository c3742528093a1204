"""The masks that a merge gives to judged objects, overlapped with the annotations.

For trials whose merge votes masks or takes them by scale. C clusters of a block.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.fused_block import FusedBlock
from ensemble.fusion.settings import MergeSettings
from ensemble.masks.final import with_chosen_masks
from ensemble.merging.rescoring import order_by_margin
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.lvis import MAX_DETS
from longtail.evaluation.margins import Margins
from longtail.evaluation.matching.block_overlaps import match_block
from longtail.evaluation.matching.mask_overlaps import DrawnOutlines
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.evaluation.matching.shard import Kind, MatchingShard, join
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.predictions.columns import DetectionColumns

KINDS: tuple[Kind, ...] = ("segm",)


class ObjectMasks:
    """Collects the clusters of block after block.

    Args:
        truth: The annotations.
        settings: Which masks are wanted.
        drawn: Keeps the masks of the annotations from one trial to the next.
    """

    def __init__(self, truth: GroundTruth, settings: MergeSettings, drawn: DrawnOutlines) -> None:
        self._truth, self._settings, self._drawn = truth, settings, drawn
        self._instances = Instances.of(truth)
        self._parts: list[MatchingShard] = []

    def add(self, number: int, fused: FusedBlock, judged: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Take the clusters of a block; the next one of the re-scorer's blocks.

        Args:
            number: Of the block.
            fused: C clusters of it, with the masks of judged detections.
            judged: (C,) whether AP looks at them.

        Returns:
            (C,) the clusters in the order of the re-scorer's rows.
        """
        by_score = fused.images, fused.mask_scores, fused.groups, fused.best_sources
        order = order_by_margin(*by_score, Margins(0.0, 0.0))
        judged = judged[order]
        chosen, others = order[judged], order[~judged]
        masked = with_chosen_masks(_detections(fused, chosen), fused, chosen, self._settings)
        parts = [masked, _detections(fused, others).without_masks()]
        places = np.argsort(np.argsort(~judged, kind="stable"), kind="stable")
        columns = DetectionColumns.concatenate(parts).take(places)
        of = self._truth, self._instances, number, columns, KINDS, self._truth.path
        self._parts.append(match_block(*of, self._drawn))
        return order

    def rescorer(self) -> Rescorer:
        """AP of all clusters under any scores."""
        overlaps = Overlaps.of(join(self._parts), "segm", self._instances, self._truth.images.ids)
        return Rescorer(overlaps, self._truth.categories, "segm", MAX_DETS, {})


def _detections(fused: FusedBlock, chosen: NDArray[np.int64]) -> DetectionColumns:
    best = replace(fused.block.columns, soft=None).take(fused.clusters.best[chosen])
    boxes, scores = fused.clusters.boxes[chosen], fused.mask_scores[chosen]
    return replace(best, score=scores, score_mask=scores, boxes=boxes)
