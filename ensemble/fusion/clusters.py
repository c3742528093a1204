"""Detections of several sources that show one object become one cluster.

D detections of one block, of which L take part; C clusters, M sources, K categories.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion.agreement import score_by_agreement
from ensemble.fusion.grouping import ImageCategoryGroups, sort_into_groups
from ensemble.fusion.overlap import box_shapes, mask_shapes
from ensemble.fusion.settings import FusionSettings
from ensemble.fusion.sorted_rows import FoundClusters, SortedRows
from ensemble.sources.blocks import Block


@dataclass(frozen=True, eq=False)
class Clusters:
    """The objects of a block, by image and category.

    Attributes:
        best: (C,) int64, row of the member of highest weighted score.
        boxes: (C, 4) float64 x, y, width, height in pixels of the original image.
        scores: (C,) float64, over 1 only where WBF's weights differ.
        members: Rows of all clusters, one cluster after the other, the best first.
        member_starts: (C + 1,) int64, where each cluster's members start.
    """

    best: NDArray[np.int64]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    members: NDArray[np.int64]
    member_starts: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(C,) number of members."""
        return np.diff(self.member_starts)


def fuse(
    block: Block,
    rows: NDArray[np.int64],
    shares: NDArray[np.float64],
    weights: NDArray[np.float64],
    num_categories: int,
    settings: FusionSettings,
    counted: NDArray[np.bool_] | None = None,
) -> Clusters:
    """Cluster the detections of each image and category.

    Before a method that does not average, scores are multiplied by the source's weight over the
    largest weight, so that equal weights leave them as they are. Rows that soft-NMS drops are in no
    cluster.

    Args:
        block: The detections.
        rows: (L,) those that take part.
        shares: (D, 4) boxes xyxy in [0, 1], as shares of the image.
        weights: (M,) weight of each source.
        num_categories: K.
        settings: How clusters are formed.
        counted: (D, M) the sources that a method that averages judges an object found at a row
            by, from `agreement.counted_sources`; None for all of them.
    """
    averages = settings.fusion_method.averages
    if not averages:
        weights = weights / weights.max()
    scores = block.columns.score * weights[block.sources]
    groups = sort_into_groups(
        rows,
        keys=block.images * num_categories + block.categories,
        num_keys=len(block.image_ids) * num_categories,
        scores=scores,
        sources=block.sources,
        boxes=block.columns.boxes,
        counts=block.columns.counts,
        counts_offsets=block.columns.counts_offsets,
    )
    found = _find_all(block, groups, shares, scores, num_categories, settings)
    best = groups.order[found.first]
    members, member_starts = _group(found.cluster_of, groups.order, len(best))
    if not averages:
        return Clusters(best, block.columns.boxes[best], found.scores, members, member_starts)
    fused = score_by_agreement(
        found.scores, members, member_starts, block.sources, weights, counted
    )
    boxes = _to_pixels(found.boxes, block.columns.widths[best], block.columns.heights[best])
    return Clusters(best, boxes, fused, members, member_starts)


def _find_all(
    block: Block,
    groups: ImageCategoryGroups,
    shares: NDArray[np.float64],
    scores: NDArray[np.float64],
    num_categories: int,
    settings: FusionSettings,
) -> FoundClusters:
    """The clusters of all groups; masks are decoded image by image to bound memory."""
    order, starts = groups.order, groups.starts
    boxes, scores = shares[order], scores[order]
    run = settings.fusion_method.run
    if settings.match == "box":
        return run(SortedRows(box_shapes(boxes), boxes, scores, starts), settings)
    columns = block.columns
    parts = [FoundClusters(starts[:0], scores[:0], boxes[:0], starts[:0])]
    num_found = 0
    for image in range(len(block.image_ids)):
        cuts = starts[image * num_categories : (image + 1) * num_categories + 1]
        part = slice(cuts[0], cuts[-1])
        masks = mask_shapes(columns.counts, columns.counts_offsets, columns.heights, order[part])
        found = run(SortedRows(masks, boxes[part], scores[part], cuts - cuts[0]), settings)
        joined = found.cluster_of >= 0
        parts.append(
            found._replace(
                first=found.first + cuts[0],
                cluster_of=np.where(joined, found.cluster_of + num_found, -1),
            )
        )
        num_found += len(found.first)
    return FoundClusters(*map(np.concatenate, zip(*parts, strict=True)))


@njit(cache=True, nogil=True)
def _group(
    cluster_of: NDArray[np.int64], order: NDArray[np.int64], num_clusters: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The members of each cluster in fusing order, one cluster after the other, and the starts."""
    starts = np.zeros(num_clusters + 1, np.int64)
    for cluster in cluster_of:
        if cluster >= 0:
            starts[cluster + 1] += 1
    ends = np.empty(num_clusters, np.int64)
    for cluster in range(num_clusters):
        ends[cluster] = starts[cluster]
        starts[cluster + 1] += starts[cluster]
    members = np.empty(starts[-1], np.int64)
    for i in range(len(order)):
        cluster = cluster_of[i]
        if cluster >= 0:
            members[ends[cluster]] = order[i]
            ends[cluster] += 1
    return members, starts


def _to_pixels(
    shares: NDArray[np.float64], widths: NDArray[np.int64], heights: NDArray[np.int64]
) -> NDArray[np.float64]:
    sizes = np.stack([widths, heights], axis=1)
    return np.concatenate([shares[:, :2] * sizes, (shares[:, 2:] - shares[:, :2]) * sizes], axis=1)
