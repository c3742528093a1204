"""All sources fused at a point of the space: the objects of all images, before any cut.

With the masks of best members, a merge is a choice of detections and a new score for each, and the
overlaps of all detections with the annotations, found once, are enough. Where masks are voted or
go by scale, those of judged objects are made, and overlapped anew.

D rows, C clusters, M sources, K categories.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.fused_block import FusedBlock, fuse_block
from ensemble.fusion.settings import MergeSettings
from ensemble.sources.source_set import SourceSet
from ensemble.sources.spec import SourceSpec
from ensemble.tuning.objective.detections import SourceDetections
from ensemble.tuning.objective.masks import ObjectMasks
from longtail.categories import CategoryTable
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.mask_overlaps import DrawnOutlines
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


@dataclass(frozen=True, eq=False)
class FusionInputs:
    """The detections that every trial fuses anew.

    Attributes:
        truth: Annotations of the half that is tuned on.
        rows: D detections of M sources.
        rescorer: What their masks overlap.
        trusted_categories: (M, K) the categories that each source may find.
        drawn: The masks of the annotations, which new masks are overlapped with.
    """

    truth: GroundTruth
    rows: SourceDetections
    rescorer: Rescorer
    trusted_categories: NDArray[np.bool_]
    drawn: DrawnOutlines = field(default_factory=DrawnOutlines)

    @property
    def categories(self) -> CategoryTable:
        """K categories."""
        return self.rescorer.categories

    @cached_property
    def category_groups(self) -> NDArray[np.int64]:
        """(K,) index into `FREQUENCY_GROUPS`."""
        return self.categories.group_index()

    def fuse(
        self, scores: NDArray[np.float64], specs: Sequence[SourceSpec], settings: MergeSettings
    ) -> Fused:
        """The clusters of all images.

        Args:
            scores: (2, D) scores of the rows, and of their masks.
            specs: M sources.
            settings: What the merge does.
        """
        sources = SourceSet(specs, self.trusted_categories)
        blocks = self._fused_blocks(scores, sources, settings)
        if settings.changes_masks:
            return self._with_new_masks(blocks, settings)
        starts = self.rows.block_starts
        found = [
            (block.clusters.best + starts[number], block.mask_scores)
            for number, block in enumerate(blocks)
        ]
        best, fused = (np.concatenate(column) for column in zip(*found, strict=True))
        return self._fused(self.rescorer, self.rows.place[best], fused, best)

    def _fused_blocks(
        self, scores: NDArray[np.float64], sources: SourceSet, settings: MergeSettings
    ) -> Iterator[FusedBlock]:
        """The objects of each block that have a mask."""
        for number in range(self.rows.num_blocks):
            filtered = self.rows.filtered(number, scores, self.categories, sources.areas)
            fused = fuse_block(filtered, self.category_groups, sources, settings.fusion)
            yield fused.with_masks(self.rows.has_mask[self.rows.rows_of(number)])[0]

    def _with_new_masks(self, blocks: Iterator[FusedBlock], settings: MergeSettings) -> Fused:
        maker = ObjectMasks(self.truth, settings, self.drawn)
        found = []
        for number, fused in enumerate(blocks):
            best = fused.clusters.best + self.rows.block_starts[number]
            order = maker.add(number, fused, self.rows.judged[best])
            found.append((best[order], fused.mask_scores[order]))
        best, scores = (np.concatenate(column) for column in zip(*found, strict=True))
        return self._fused(maker.rescorer(), np.arange(len(best)), scores, best)

    def _fused(self, rescorer: Rescorer, places: Ints, scores: Floats, best: Ints) -> Fused:
        rows = self.rows
        groups = self.category_groups[rows.category[best]]
        return Fused(rescorer, places, scores, groups, rows.image[best], rows.source[best])
