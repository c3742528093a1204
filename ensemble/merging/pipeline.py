"""From the detections of all sources to those of the merge, one block of images at a time.

Screening, calibration, fusion, masks, ranking by score + margin, cut to `max_dets` per image.
Memory is bounded by a block: 32 images of every source.

D detections of one block, C clusters, M sources, K categories.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.apply import calibrate_block
from ensemble.fusion.agreement import counted_sources, may_fire
from ensemble.fusion.clusters import fuse
from ensemble.fusion.mask_scores import fused_mask_scores
from ensemble.merging.fused_block import FusedBlock
from ensemble.merging.plan import (
    CALIBRATED,
    CAPPED,
    FUSED,
    MASKED,
    UNION,
    MergePlan,
)
from ensemble.merging.plan_sources import PlanSources
from ensemble.merging.statistics import MergeStatistics
from ensemble.sources.blocks import Block
from ensemble.sources.filters import TAKES_PART, box_shares, have_pixels
from ensemble.sources.valid_area import box_sides
from longtail.evaluation.margins import Margins
from longtail.predictions.columns import DetectionColumns


class Merge:
    """The sources of a plan, open for reading; counts what happens to their detections.

    Args:
        plan: What to do.
        with_steps: Keep what each step makes of all detections of a block.
    """

    def __init__(self, plan: MergePlan, with_steps: bool = False) -> None:
        self.plan = plan
        self.statistics = MergeStatistics(plan.names)
        self._steps: dict[str, DetectionColumns] | None = {} if with_steps else None
        self._boxes = DetectionColumns.empty()
        self._blocks = plan.images.blocks()
        self._groups = plan.categories.group_index()
        self._sources = PlanSources(plan)

    def merge_block(self, number: int) -> DetectionColumns:
        """The merged detections of a block, by image id, then falling mask score + margin.

        Raises:
            BadInputError: A source is damaged, or has detections without a mask beside some with
                one.
        """
        plan = self.plan
        fused = self._fuse(number)
        if plan.settings.with_bbox:
            self._boxes, chosen = fused.boxes()
            self.statistics.add_boxes(fused.groups, chosen, fused.num_cut(chosen))
        return self._masks(fused)

    def boxes(self) -> DetectionColumns:
        """The boxes of the last block, by image id, then falling score + margin, if asked for."""
        return self._boxes

    def steps(self) -> dict[str, DetectionColumns]:
        """What each step made of the last block, without a cap; by `MergePlan.steps`."""
        assert self._steps is not None
        return self._steps

    def _fuse(self, number: int) -> FusedBlock:
        plan, fusion, sources = self.plan, self.plan.settings.fusion, self._sources
        block = sources.read(number, self._blocks[number])
        seen = sources.images_seen(block, number)
        groups = self._groups[block.categories]
        shares, sides = box_shares(block.columns), box_sides(block.columns.boxes)
        outcomes = sources.outcomes(block, shares, sides)
        scores = block.columns.score
        self.statistics.add_detections(seen, block.sources, groups, scores, outcomes)
        rows = np.flatnonzero(outcomes == TAKES_PART)
        self._keep_rows(UNION, block, rows)
        if plan.calibration is not None:
            block = calibrate_block(block, plan.calibration, plan.names, groups)
            self.statistics.add_calibrated(block.sources, groups, block.columns.score)
            self._keep_rows(CALIBRATED, block, rows)
        fires = may_fire(block, sides, seen, sources.knows, sources.areas)
        allowed = counted_sources(fires, groups, fusion.absent, len(plan.sources))
        clusters = fuse(
            block,
            rows=rows,
            shares=shares,
            weights=sources.weights,
            num_categories=len(plan.categories),
            settings=fusion,
            allowed=allowed,
        )
        masks = fused_mask_scores(block, clusters, sources.weights, fusion.fusion_method, allowed)
        scales = [source.spec.scale for source in plan.sources]
        of_best = groups[clusters.best]
        return FusedBlock(block, clusters, masks, of_best, sources.weights, scales, plan.settings)

    def _masks(self, fused: FusedBlock) -> DetectionColumns:
        """The objects with masks that fit into each image's quota, as detections."""
        masked, numbers = fused.with_masks()
        settings = self.plan.settings
        order = masked.order(masked.mask_scores, settings.margins)
        kept = masked.within_quota(order)
        chosen = order[kept]
        self._count_clusters(fused, numbers, numbers[chosen])
        if self._steps is None:
            detections = self._detections(masked, chosen)
        else:
            by_score = masked.order(masked.mask_scores, Margins(0, 0))
            everything = self._detections(masked, by_score)
            self._keep(CAPPED, _with_pixels(everything.take(masked.within_quota(by_score))))
            detections = everything.take(np.argsort(by_score)[chosen])
        detections = masked.written(detections, chosen)
        # Only a vote can leave a mask without a pixel; empty masks of sources are screened out.
        filled = np.ones(len(chosen), np.bool_)
        if settings.changes_masks:
            filled = have_pixels(detections)
        num_over_cap = len(np.unique(masked.images[order[~kept]]))
        num_cut = masked.num_cut(chosen)
        self.statistics.add_results(num_over_cap, num_cut, masked.groups[chosen][~filled])
        return detections if filled.all() else detections.take(filled)

    def _detections(self, masked: FusedBlock, chosen: NDArray[np.int64]) -> DetectionColumns:
        """Objects as detections, a mask without a pixel where a vote gave none."""
        detections = masked.fused(chosen)
        self._keep(FUSED, detections)
        if self.plan.settings.changes_masks:
            detections = masked.with_final_masks(detections, chosen)
            self._keep(MASKED, _with_pixels(detections))
        return detections

    def _count_clusters(
        self, fused: FusedBlock, with_mask: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> None:
        clusters, num_clusters = fused.clusters, len(fused.groups)
        has_mask, kept = np.zeros((2, num_clusters), np.bool_)
        has_mask[with_mask], kept[chosen] = True, True
        cluster_of = np.repeat(np.arange(num_clusters), clusters.sizes)
        found = np.zeros((num_clusters, len(self.plan.sources)), np.bool_)
        found[cluster_of, fused.block.sources[clusters.members]] = True
        sources = found.sum(axis=1)
        self.statistics.add_clusters(clusters.sizes, sources, fused.groups, kept, has_mask)

    def _keep_rows(self, step: str, block: Block, rows: NDArray[np.int64]) -> None:
        """Keep detections of all sources side by side, weighted as NMS weights them."""
        if self._steps is None:
            return
        weights = self._sources.weights
        weights = (weights / weights.max())[block.sources[rows]]
        columns = replace(block.columns, soft=None).take(rows)
        scores = {"score": columns.score * weights, "score_mask": columns.score_mask * weights}
        self._keep(step, replace(columns, **scores))

    def _keep(self, step: str, columns: DetectionColumns) -> None:
        if self._steps is not None:
            self._steps[step] = columns


def _with_pixels(columns: DetectionColumns) -> DetectionColumns:
    return columns.take(have_pixels(columns))
