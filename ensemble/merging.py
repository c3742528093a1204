"""From the detections of all sources to those of the merge, one block of images at a time.

Screening, calibration, fusion, masks, ranking by score + margin, cut to `max_dets` per image.
Memory is bounded by a block: 32 images of every source.

D detections of one block, C clusters, M sources, K categories.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ensemble.calibrating import calibrate_block
from ensemble.calibration_file import Calibration
from ensemble.fusion import Clusters, fuse
from ensemble.may_fire import may_fire
from ensemble.object_masks import mask_scores, with_chosen_masks
from ensemble.opening import OpenedSource
from ensemble.rescoring import Margins, order_by_margin, ranks_in_image
from ensemble.screening import NO_MASK, TAKES_PART, box_shares, have_pixels, screen
from ensemble.settings import MergeSettings
from ensemble.sources import Block, images_seen, read_block
from ensemble.statistics import MergeStatistics
from ensemble.valid_area import box_sides
from ensemble.vote_count import counted_sources
from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError

UNION, CALIBRATED, FUSED, MASKED, CAPPED = "union", "calibration", "fusion", "masks", "cap"


@dataclass(frozen=True, eq=False)
class MergePlan:
    """Everything one merge needs for each of its blocks; it can be sent to another process.

    Attributes:
        images: The images of all sources.
        categories: K categories with frequency groups.
        sources: M sources by name.
        settings: What to do.
        calibration: Fitted to every source; None leaves scores as they are.
    """

    images: ImageSet
    categories: CategoryTable
    sources: Sequence[OpenedSource]
    settings: MergeSettings
    calibration: Calibration | None = None

    @property
    def names(self) -> list[str]:
        """The names of the sources."""
        return [source.spec.name for source in self.sources]

    def steps(self) -> list[str]:
        """The steps that can be evaluated before the last, the quota by score + margin."""
        calibrated = [CALIBRATED] if self.calibration is not None else []
        masked = [MASKED] if self.settings.changes_masks else []
        return [UNION, *calibrated, FUSED, *masked, CAPPED]


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
        self._blocks = plan.images.blocks()
        self._groups = group_of_category(plan.categories)
        self._weights = np.array([source.spec.weight for source in plan.sources])
        self._areas = [source.spec.valid_area for source in plan.sources]
        self._knows = np.stack([source.knows for source in plan.sources])
        self._stores = [PredictionStore.open(source.directory) for source in plan.sources]
        self._seen_in = {
            number: PredictionStore.open(source.seen_in)
            for number, source in enumerate(plan.sources)
            if source.seen_in != source.directory
        }

    def merge_block(self, number: int) -> DetectionColumns:
        """The merged detections of a block, by image id, then falling score + margin.

        Raises:
            BadInputError: A source is damaged, or has detections without a mask.
        """
        plan = self.plan
        block = read_block(self._stores, number, self._blocks[number], plan.categories)
        seen = self._images_seen(block, number)
        groups = self._groups[block.categories]
        shares, sides = box_shares(block.columns), box_sides(block.columns.boxes)
        rows = self._screen(block, seen, groups, shares, sides)
        self._keep_rows(UNION, block, rows)
        if plan.calibration is not None:
            block = calibrate_block(block, plan.calibration, plan.names, groups)
            self.statistics.add_calibrated(block.sources, groups, block.columns.score)
            self._keep_rows(CALIBRATED, block, rows)
        fires = may_fire(block, sides, seen, self._knows, self._areas)
        absent = plan.settings.fusion.absent
        clusters = fuse(
            block,
            rows=rows,
            shares=shares,
            weights=self._weights,
            num_categories=len(plan.categories),
            settings=plan.settings.fusion,
            allowed=counted_sources(fires, groups, absent, len(plan.sources)),
        )
        return self._results(block, clusters, groups[clusters.best])

    def steps(self) -> dict[str, DetectionColumns]:
        """What each step made of the last block, without a cap; by `MergePlan.steps`."""
        assert self._steps is not None
        return self._steps

    def _images_seen(self, block: Block, number: int) -> NDArray[np.bool_]:
        """(M, images of the block); an expert was run where it found anything at all."""
        seen = images_seen(block, len(self._stores))
        for source, store in self._seen_in.items():
            found = store.read_block(number, with_masks=False)
            seen[source] = np.isin(block.image_ids, found.image_id)
        return seen

    def _screen(
        self,
        block: Block,
        seen: NDArray[np.bool_],
        groups: NDArray[np.int64],
        shares: NDArray[np.float64],
        sides: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        """The rows that take part in fusion."""
        fits = np.ones(len(block), np.bool_)
        for source, area in enumerate(self._areas):
            if not area.is_everything:
                fits &= (block.sources != source) | area.holds(sides)
        known = self._knows[block.sources, block.categories]
        outcomes = screen(block.columns, shares, self.plan.settings.score_thr, known, fits)
        self._check_masks(block, outcomes)
        scores = block.columns.score
        self.statistics.add_detections(seen, block.sources, groups, scores, outcomes)
        return np.flatnonzero(outcomes == TAKES_PART)

    def _check_masks(self, block: Block, outcomes: NDArray[np.int64]) -> None:
        without = np.flatnonzero(outcomes == NO_MASK)
        if not self.plan.settings.strict or not len(without):
            return
        spec = self.plan.sources[block.sources[without[0]]].spec
        raise BadInputError(
            f"{spec.path}: source {spec.name}, image {block.columns.image_id[without[0]]}: a "
            "detection has a box and no mask, and a merge fuses masks; export this source with "
            "`segmentation`, or drop and count such detections with --drop-invalid"
        )

    def _results(
        self, block: Block, clusters: Clusters, groups: NDArray[np.int64]
    ) -> DetectionColumns:
        """The clusters that fit into each image's quota, as detections."""
        settings = self.plan.settings
        images, sources = block.images[clusters.best], block.sources[clusters.best]
        order = order_by_margin(images, clusters.scores, groups, sources, settings.margins)
        kept = ranks_in_image(images[order]) < settings.max_dets
        self._count_clusters(block, clusters, groups, order[kept])
        chosen = order[kept]
        if self._steps is None:
            detections = self._detections(block, clusters, chosen)
        else:
            by_score = order_by_margin(images, clusters.scores, groups, sources, Margins(0, 0))
            everything = self._detections(block, clusters, by_score)
            within = ranks_in_image(images[by_score]) < settings.max_dets
            self._keep(CAPPED, _with_pixels(everything.take(within)))
            detections = everything.take(np.argsort(by_score)[chosen])
        if settings.margin_mode == "score":
            detections = settings.margins.as_scores(detections, groups[chosen])
        # Only a vote can leave a mask without a pixel; empty masks of sources are screened out.
        filled = np.ones(len(chosen), np.bool_)
        if settings.changes_masks:
            filled = have_pixels(detections)
        num_over_cap = len(np.unique(images[order[~kept]]))
        scores, empty = clusters.scores[chosen], groups[chosen][~filled]
        self.statistics.add_results(num_over_cap, scores, empty)
        return detections if filled.all() else detections.take(filled)

    def _detections(
        self, block: Block, clusters: Clusters, chosen: NDArray[np.int64]
    ) -> DetectionColumns:
        """Clusters as detections, a mask without a pixel where a vote gave none."""
        best = block.columns.take(clusters.best[chosen])
        scores = np.minimum(clusters.scores[chosen], 1.0)
        masks = mask_scores(block.columns, clusters, chosen, scores)
        fused = replace(best, score=scores, score_mask=masks, boxes=clusters.boxes[chosen])
        self._keep(FUSED, fused)
        if not self.plan.settings.changes_masks:
            return fused
        masked = with_chosen_masks(
            fused,
            block,
            clusters,
            chosen,
            self._weights,
            [source.spec.scale for source in self.plan.sources],
            self.plan.settings,
        )
        self._keep(MASKED, _with_pixels(masked))
        return masked

    def _count_clusters(
        self,
        block: Block,
        clusters: Clusters,
        groups: NDArray[np.int64],
        chosen: NDArray[np.int64],
    ) -> None:
        kept = np.zeros(len(groups), np.bool_)
        kept[chosen] = True
        cluster_of = np.repeat(np.arange(len(groups)), clusters.sizes)
        found = np.zeros((len(groups), len(self._stores)), np.bool_)
        found[cluster_of, block.sources[clusters.members]] = True
        self.statistics.add_clusters(clusters.sizes, found.sum(axis=1), groups, kept)

    def _keep_rows(self, step: str, block: Block, rows: NDArray[np.int64]) -> None:
        """Keep detections of all sources side by side, weighted as NMS weights them."""
        if self._steps is None:
            return
        weights = (self._weights / self._weights.max())[block.sources[rows]]
        columns = block.columns.take(rows)
        self._keep(step, replace(columns, score=columns.score * weights))

    def _keep(self, step: str, columns: DetectionColumns) -> None:
        if self._steps is not None:
            self._steps[step] = columns


def group_of_category(categories: CategoryTable) -> NDArray[np.int64]:
    """(K,) index into `FREQUENCY_GROUPS`."""
    members = np.stack([categories.group(letter) for letter in FREQUENCY_GROUPS])
    groups: NDArray[np.int64] = members.argmax(axis=0)
    return groups


def _with_pixels(columns: DetectionColumns) -> DetectionColumns:
    return columns.take(have_pixels(columns))
