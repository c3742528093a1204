"""The mask of each object.

C clusters of one block, S of them chosen, M sources.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion import Clusters
from ensemble.mask_vote import vote_masks
from ensemble.scale_choice import levels, members_of_scale, wanted_scales
from ensemble.settings import MergeSettings
from ensemble.sources import Block
from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import decode_many, select
from longtail.rle.geometry import areas


def with_chosen_masks(
    detections: DetectionColumns,
    block: Block,
    clusters: Clusters,
    chosen: NDArray[np.int64],
    weights: NDArray[np.float64],
    scales: Sequence[int | None],
    settings: MergeSettings,
) -> DetectionColumns:
    """The (S,) detections with voted masks, or those of the scale that suits each object.

    Args:
        detections: The chosen clusters with the masks of their best members.
        block: The detections that were fused.
        clusters: Their clusters.
        chosen: (S,) clusters.
        weights: (M,) weight of each source.
        scales: M test scales, all known where masks go by scale.
        settings: Which masks are wanted.
    """
    columns = block.columns
    if not settings.masks_by_scale:
        row_weights = weights[block.sources]
        counts, offsets = vote_masks(columns, clusters, chosen, row_weights, settings.fusion)
        return replace(detections, counts=counts, counts_offsets=offsets)
    best = columns.take(clusters.best[chosen])
    mask_areas = areas(*decode_many(best.counts, best.counts_offsets))
    level = levels(best.boxes[:, 2] * best.boxes[:, 3], mask_areas)
    known = [0 if scale is None else scale for scale in scales]
    wanted = np.zeros(len(clusters.best), np.int64)
    wanted[chosen] = wanted_scales(level, known)
    row_scales = np.array(known)[block.sources]
    rows = members_of_scale(wanted, row_scales, clusters.members, clusters.member_starts)
    counts, offsets = select(columns.counts, columns.counts_offsets, rows[chosen])
    return replace(detections, counts=counts, counts_offsets=offsets)
