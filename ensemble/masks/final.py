"""The mask of each object: that of its best member, or the one that its members vote for.

D detections of one block, C clusters, S of them chosen, M sources. A pixel belongs to the voted
mask if the members that cover it have at least `mask_thr` of the cluster's votes; at exactly that
share it does. A member with a soft mask gives each pixel its probability times its votes
(`soft_vote`); where no member of a cluster has one, the vote goes from runs to runs
(`binary_vote`).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.clusters import Clusters
from ensemble.fusion.fused_block import FusedBlock
from ensemble.fusion.settings import FusionSettings, MergeSettings
from ensemble.masks.binary_vote import vote_by_runs
from ensemble.masks.by_scale import levels, members_of_scale, wanted_scales
from ensemble.masks.soft_vote import SOFT_VOTE_BITS, vote_by_grids
from ensemble.masks.vote_weights import vote_weights_of
from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import decode_many, select
from longtail.rle.geometry import areas

Strings = tuple[NDArray[np.uint8], NDArray[np.int64]]


def vote_masks(
    columns: DetectionColumns,
    clusters: Clusters,
    chosen: NDArray[np.int64],
    source_weights: NDArray[np.float64],
    settings: FusionSettings,
) -> Strings:
    """The voted masks of some clusters; those that no pixel wins are masks without a pixel.

    Args:
        columns: The D detections, with valid masks.
        clusters: Who votes together.
        chosen: (S,) clusters whose masks are wanted.
        source_weights: (D,) weight of the source of each detection.
        settings: `mask_weights` and `mask_thr`.

    Returns:
        Flat uint8 buffer of run-length strings and its (S + 1,) offsets.
    """
    who = columns, clusters
    if columns.soft is None or not len(chosen):
        return vote_by_runs(columns, vote_weights_of(*who, chosen, source_weights, settings))
    members, starts = clusters.members, clusters.member_starts
    has_grid = np.diff(columns.soft.offsets)[members] > 0
    is_soft = np.logical_or.reduceat(has_grid, starts[:-1])[chosen]
    parts = np.flatnonzero(~is_soft), np.flatnonzero(is_soft)
    hard = vote_weights_of(*who, chosen[parts[0]], source_weights, settings)
    soft = vote_weights_of(*who, chosen[parts[1]], source_weights, settings, SOFT_VOTE_BITS)
    strings = _joined(vote_by_runs(columns, hard), vote_by_grids(columns, soft))
    return select(*strings, np.argsort(np.concatenate(parts)))


def _joined(one: Strings, other: Strings) -> Strings:
    offsets = np.concatenate([one[1], other[1][1:] + one[1][-1]])
    return np.concatenate([one[0], other[0]]), offsets


def with_chosen_masks(
    detections: DetectionColumns,
    fused: FusedBlock,
    chosen: NDArray[np.int64],
    settings: MergeSettings,
) -> DetectionColumns:
    """The (S,) detections with voted masks, or those of the scale that suits each object.

    Args:
        detections: The chosen clusters with the masks of their best members.
        fused: All clusters of the block; the scales of its sources are known where masks go by
            scale.
        chosen: (S,) clusters.
        settings: Which masks are wanted.
    """
    if settings.masks_by_scale:
        counts, offsets = masks_by_scale(fused, chosen)
    else:
        weights = fused.sources.weights[fused.block.sources]
        voters = fused.block.columns, fused.clusters
        counts, offsets = vote_masks(*voters, chosen, weights, settings.fusion)
    return replace(detections, counts=counts, counts_offsets=offsets)


def masks_by_scale(fused: FusedBlock, chosen: NDArray[np.int64]) -> Strings:
    """The masks of the scale that suits each of (S,) clusters (`by_scale`)."""
    columns, clusters = fused.block.columns, fused.clusters
    best = columns.take(clusters.best[chosen])
    mask_areas = areas(*decode_many(best.counts, best.counts_offsets))
    level = levels(best.boxes[:, 2] * best.boxes[:, 3], mask_areas)
    scales = [0 if scale is None else scale for scale in fused.sources.scales]
    wanted = np.zeros(len(clusters.best), np.int64)
    wanted[chosen] = wanted_scales(level, scales)
    row_scales = np.array(scales)[fused.block.sources]
    rows = members_of_scale(wanted, row_scales, clusters.members, clusters.member_starts)
    return select(columns.counts, columns.counts_offsets, rows[chosen])
