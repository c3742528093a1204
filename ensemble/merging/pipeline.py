"""From the detections of all sources to those of the merge, one block of images at a time.

Filters, calibration, fusion, masks, ranking by score + margin, cut to `max_dets` per image: the
steps of `Merge.merge_block`. Memory is bounded by a block: 32 images of every source.

D detections of one block, C objects, M sources, K categories.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.apply import calibrate_block
from ensemble.fusion.fused_block import FusedBlock, fuse_block
from ensemble.merging.plan import (
    CALIBRATED,
    CAPPED,
    FUSED,
    MASKED,
    UNION,
    MergePlan,
)
from ensemble.merging.ranked_objects import RankedObjects
from ensemble.merging.statistics import MergeStatistics
from ensemble.sources.filters import have_pixels
from ensemble.sources.reader import FilteredBlock, SourceReader
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
        self._sources = plan.source_set()
        self._reader = SourceReader(
            plan.sources,
            plan.categories,
            plan.settings.score_thr,
            plan.settings.strict,
            self._sources.areas,
            with_soft_masks=plan.settings.fusion.mask == "vote",
        )

    def merge_block(self, number: int) -> DetectionColumns:
        """The merged detections of a block, by image id, then falling mask score + margin.

        Raises:
            BadInputError: A source is damaged, or has detections without a mask beside some with
                one.
        """
        settings = self.plan.settings
        filtered = self._calibrated(self._read(number))
        fused = fuse_block(filtered, self._groups, self._sources, settings.fusion)
        objects = RankedObjects(fused, settings)
        if settings.with_bbox:
            self._boxes, chosen = objects.boxes()
            self.statistics.add_boxes(fused.groups, chosen, objects.num_cut(chosen))
        return self._with_masks(objects)

    def boxes(self) -> DetectionColumns:
        """The boxes of the last block, by image id, then falling score + margin, if asked for."""
        return self._boxes

    def steps(self) -> dict[str, DetectionColumns]:
        """What each step made of the last block, without a cap; by `MergePlan.steps`."""
        assert self._steps is not None
        return self._steps

    def _read(self, number: int) -> FilteredBlock:
        """The detections of all sources, and which of them take part."""
        filtered = self._reader.read(number, self._blocks[number])
        block = filtered.block
        groups, scores = self._groups[block.categories], block.columns.score
        self.statistics.add_detections(
            filtered.seen, block.sources, groups, scores, filtered.reasons
        )
        self._keep_taking_part(UNION, filtered)
        return filtered

    def _calibrated(self, filtered: FilteredBlock) -> FilteredBlock:
        """The same with calibrated scores, if the plan has a calibration."""
        plan = self.plan
        if plan.calibration is None:
            return filtered
        groups = self._groups[filtered.block.categories]
        block = calibrate_block(filtered.block, plan.calibration, plan.names, groups)
        self.statistics.add_calibrated(block.sources, groups, block.columns.score)
        calibrated = replace(filtered, block=block)
        self._keep_taking_part(CALIBRATED, calibrated)
        return calibrated

    def _with_masks(self, objects: RankedObjects) -> DetectionColumns:
        """The objects with masks that fit into each image's `max_dets`, as detections."""
        masked, numbers = objects.with_masks()
        settings = self.plan.settings
        order = masked.order(masked.fused.mask_scores, settings.margins)
        kept = masked.within_max_dets(order)
        chosen = order[kept]
        self._count_clusters(objects.fused, numbers, numbers[chosen])
        if self._steps is None:
            detections = self._detections(masked, chosen)
        else:
            by_score = masked.order(masked.fused.mask_scores, Margins(0, 0))
            everything = self._detections(masked, by_score)
            self._keep(CAPPED, _with_pixels(everything.take(masked.within_max_dets(by_score))))
            detections = everything.take(np.argsort(by_score)[chosen])
        detections = masked.written(detections, chosen)
        # Only a vote can leave a mask without a pixel; empty masks of sources are filtered out.
        filled = np.ones(len(chosen), np.bool_)
        if settings.changes_masks:
            filled = have_pixels(detections)
        num_over_cap = len(np.unique(masked.fused.images[order[~kept]]))
        empty_groups = masked.fused.groups[chosen][~filled]
        self.statistics.add_results(num_over_cap, masked.num_cut(chosen), empty_groups)
        return detections if filled.all() else detections.take(filled)

    def _detections(self, masked: RankedObjects, chosen: NDArray[np.int64]) -> DetectionColumns:
        """Objects as detections, a mask without a pixel where a vote gave none."""
        detections = masked.detections(chosen)
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
        self.statistics.add_clusters(clusters.sizes, found, fused.groups, kept, has_mask)

    def _keep_taking_part(self, step: str, filtered: FilteredBlock) -> None:
        """Keep detections of all sources side by side, weighted as NMS weights them."""
        if self._steps is None:
            return
        block, rows, weights = filtered.block, filtered.rows, self._sources.weights
        weights = (weights / weights.max())[block.sources[rows]]
        columns = replace(block.columns, soft=None).take(rows)
        scores = {"score": columns.score * weights, "score_mask": columns.score_mask * weights}
        self._keep(step, replace(columns, **scores))

    def _keep(self, step: str, columns: DetectionColumns) -> None:
        if self._steps is not None:
            self._steps[step] = columns


def _with_pixels(columns: DetectionColumns) -> DetectionColumns:
    return columns.take(have_pixels(columns))
