"""The masks that a merge gives to judged objects, overlapped with the annotations.

For trials whose merge votes masks or takes them by scale. C clusters of a block.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.clusters import Clusters
from ensemble.fusion.settings import MergeSettings
from ensemble.masks.final import with_chosen_masks
from ensemble.merging.rescoring import order_by_margin
from ensemble.sources.blocks import Block
from ensemble.sources.spec import SourceSpec
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.lvis import MAX_DETS
from longtail.evaluation.margins import Margins
from longtail.evaluation.matching.block_overlaps import match_block
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.evaluation.matching.shard import Kind, MatchingShard, join
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.predictions.columns import DetectionColumns

KINDS: tuple[Kind, ...] = ("segm",)


class ObjectMasks:
    """Collects the clusters of block after block.

    Args:
        truth: The annotations.
        specs: The sources.
        settings: Which masks are wanted.
    """

    def __init__(
        self, truth: GroundTruth, specs: Sequence[SourceSpec], settings: MergeSettings
    ) -> None:
        self._truth, self._settings = truth, settings
        self._instances = Instances.of(truth)
        self._weights = np.array([spec.weight for spec in specs])
        self._scales = [spec.scale for spec in specs]
        self._parts: list[MatchingShard] = []

    def add(
        self,
        number: int,
        block: Block,
        clusters: Clusters,
        scores: NDArray[np.float64],
        groups: NDArray[np.int64],
        judged: NDArray[np.bool_],
    ) -> NDArray[np.int64]:
        """Take the clusters of a block; the next one of the re-scorer's blocks.

        Args:
            number: Of the block.
            block: What was fused, with the masks of judged detections.
            clusters: The clusters.
            scores: (C,) scores of their masks.
            groups: (C,) index into `FREQUENCY_GROUPS`.
            judged: (C,) whether AP looks at them.

        Returns:
            (C,) the clusters in the order of the re-scorer's rows.
        """
        images, sources = block.images[clusters.best], block.sources[clusters.best]
        order = order_by_margin(images, scores, groups, sources, Margins(0.0, 0.0))
        judged = judged[order]
        detections = [
            _detections(block, clusters, scores, chosen)
            for chosen in (order[judged], order[~judged])
        ]
        parts = [self._masked(detections[0], block, clusters, order[judged])]
        parts.append(detections[1].without_masks())
        places = np.argsort(np.argsort(~judged, kind="stable"), kind="stable")
        columns = DetectionColumns.concatenate(parts).take(places)
        part = match_block(self._truth, self._instances, number, columns, KINDS, self._truth.path)
        self._parts.append(part)
        return order

    def rescorer(self) -> Rescorer:
        """AP of all clusters under any scores."""
        overlaps = Overlaps.of(join(self._parts), "segm", self._instances, self._truth.images.ids)
        return Rescorer(overlaps, self._truth.categories, "segm", MAX_DETS, {})

    def _masked(
        self,
        detections: DetectionColumns,
        block: Block,
        clusters: Clusters,
        chosen: NDArray[np.int64],
    ) -> DetectionColumns:
        where = block, clusters, chosen, self._weights, self._scales, self._settings
        return with_chosen_masks(detections, *where)


def _detections(
    block: Block, clusters: Clusters, scores: NDArray[np.float64], chosen: NDArray[np.int64]
) -> DetectionColumns:
    best = replace(block.columns, soft=None).take(clusters.best[chosen])
    boxes = clusters.boxes[chosen]
    return replace(best, score=scores[chosen], score_mask=scores[chosen], boxes=boxes)
