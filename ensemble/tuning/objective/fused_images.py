"""All sources fused at a point of the space: the objects of all images, before any cut.

With the masks of best members, a merge is a choice of detections and a new score for each, and the
overlaps of all detections with the annotations, found once, are enough. Where masks are voted or
go by scale, those of judged objects are made, and overlapped anew.

D rows, C clusters, M sources, K categories.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.agreement import counted_sources, may_fire
from ensemble.fusion.clusters import Clusters, fuse
from ensemble.fusion.mask_scores import fused_mask_scores
from ensemble.fusion.settings import MergeSettings
from ensemble.merging.fused_block import with_masks_only
from ensemble.sources.blocks import Block
from ensemble.sources.spec import SourceSpec
from ensemble.sources.valid_area import box_sides
from ensemble.tuning.objective.detections import UnionRows
from ensemble.tuning.objective.masks import ObjectMasks
from longtail.categories import CategoryTable
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.metrics.rescorer import Rescorer

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fused:
    """Clusters of all images that have a mask, without a cut.

    Attributes:
        rescorer: Has a row for each of them, and maybe others.
        places: (C,) int64, their rows in it.
        scores: (C,) float64, those of masks.
        groups: (C,) int64 index into `FREQUENCY_GROUPS`.
        images: (C,) int64 rank of the image.
        sources: (C,) int64 source of the best member.
    """

    rescorer: Rescorer
    places: NDArray[np.int64]
    scores: NDArray[np.float64]
    groups: NDArray[np.int64]
    images: NDArray[np.int64]
    sources: NDArray[np.int64]


class _Part(NamedTuple):
    """One block: what was fused, its first row, clusters, and the scores of their masks."""

    block: Block
    start: int
    clusters: Clusters
    scores: Floats


@dataclass(frozen=True, eq=False)
class FusionBench:
    """The detections that every trial fuses anew.

    Attributes:
        truth: Annotations of the half that is tuned on.
        rows: D detections of M sources.
        rescorer: What their masks overlap.
        knows: (M, K) the categories of each source.
    """

    truth: GroundTruth
    rows: UnionRows
    rescorer: Rescorer
    knows: NDArray[np.bool_]

    @property
    def categories(self) -> CategoryTable:
        """K categories."""
        return self.rescorer.categories

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """(D,) index into `FREQUENCY_GROUPS`."""
        return self.categories.group_index()[self.rows.category]

    def fuse(
        self, scores: NDArray[np.float64], specs: Sequence[SourceSpec], settings: MergeSettings
    ) -> Fused:
        """The clusters of all images.

        Args:
            scores: (2, D) scores of the rows, and of their masks.
            specs: M sources.
            settings: What the merge does.
        """
        parts = self._parts(scores, specs, settings)
        if settings.changes_masks:
            return self._with_new_masks(parts, specs, settings)
        found = [(part.clusters.best + part.start, part.scores) for part in parts]
        best, fused = (np.concatenate(column) for column in zip(*found, strict=True))
        return self._fused(self.rescorer, self.rows.place[best], fused, best)

    def _parts(
        self, scores: NDArray[np.float64], specs: Sequence[SourceSpec], settings: MergeSettings
    ) -> Iterator[_Part]:
        areas = [spec.valid_area for spec in specs]
        weights = np.array([spec.weight for spec in specs])
        for number in range(self.rows.num_blocks):
            here = self.rows.rows_of(number)
            block = self.rows.block(number, scores, self.categories)
            sides = box_sides(block.columns.boxes)
            fits = np.ones(len(block), np.bool_)
            for source, area in enumerate(areas):
                fits &= (block.sources != source) | area.holds(sides)
            images = slice(self.rows.image_starts[number], self.rows.image_starts[number + 1])
            fires = may_fire(block, sides, self.rows.seen[:, images], self.knows, areas)
            absent, method = settings.fusion.absent, settings.fusion.fusion_method
            allowed = counted_sources(fires, self.groups[here], absent, len(specs))
            clusters = fuse(
                block,
                rows=np.flatnonzero(fits),
                shares=self.rows.shares[here],
                weights=weights,
                num_categories=len(self.categories),
                settings=settings.fusion,
                allowed=allowed,
            )
            of_masks = fused_mask_scores(block, clusters, weights, method, allowed)
            masked, kept = with_masks_only(clusters, self.rows.has_mask[here])
            yield _Part(block, int(here.start), masked, of_masks[kept])

    def _with_new_masks(
        self, parts: Iterator[_Part], specs: Sequence[SourceSpec], settings: MergeSettings
    ) -> Fused:
        maker = ObjectMasks(self.truth, specs, settings)
        found = []
        for number, (block, start, clusters, of_masks) in enumerate(parts):
            best = clusters.best + start
            of_best = self.groups[best], self.rows.judged[best]
            order = maker.add(number, block, clusters, of_masks, *of_best)
            found.append((best[order], of_masks[order]))
        best, fused = (np.concatenate(column) for column in zip(*found, strict=True))
        return self._fused(maker.rescorer(), np.arange(len(best)), fused, best)

    def _fused(self, rescorer: Rescorer, places: Ints, scores: Floats, best: Ints) -> Fused:
        rows = self.rows
        of_best = self.groups[best], rows.image[best], rows.source[best]
        return Fused(rescorer, places, scores, *of_best)
