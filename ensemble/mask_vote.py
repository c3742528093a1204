"""The mask that the members of a cluster vote for.

D detections of one block, C clusters, S of them chosen. A pixel belongs to the voted mask if the
members that cover it have at least `mask_thr` of the cluster's votes; at exactly that share it
does. A member with a soft mask gives each pixel its probability times its votes (`soft_vote`);
where no member of a cluster has one, the vote goes from runs to runs (`run_vote`).
"""

import numpy as np
from numpy.typing import NDArray

from ensemble.ballots import cast
from ensemble.fusion import Clusters
from ensemble.fusion_settings import FusionSettings
from ensemble.run_vote import vote_by_runs
from ensemble.soft_vote import SOFT_VOTE_BITS, vote_by_grids
from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import select

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
        return vote_by_runs(columns, cast(*who, chosen, source_weights, settings))
    members, starts = clusters.members, clusters.member_starts
    has_grid = np.diff(columns.soft.offsets)[members] > 0
    is_soft = np.logical_or.reduceat(has_grid, starts[:-1])[chosen]
    parts = np.flatnonzero(~is_soft), np.flatnonzero(is_soft)
    hard = cast(*who, chosen[parts[0]], source_weights, settings)
    soft = cast(*who, chosen[parts[1]], source_weights, settings, SOFT_VOTE_BITS)
    strings = _joined(vote_by_runs(columns, hard), vote_by_grids(columns, soft))
    return select(*strings, np.argsort(np.concatenate(parts)))


def _joined(one: Strings, other: Strings) -> Strings:
    offsets = np.concatenate([one[1], other[1][1:] + one[1][-1]])
    return np.concatenate([one[0], other[0]]), offsets
