"""Blocks of all sources, filtered: which detections take part in fusion, and why others do not.

D detections of one block, M sources, K categories.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.sources.blocks import Block, BlockReader, images_seen
from ensemble.sources.filters import NO_MASK, TAKES_PART, box_shares, filter_reasons
from ensemble.sources.open import OpenedSource
from ensemble.sources.valid_area import EVERY_SIZE, ValidArea, within_valid_areas
from longtail.categories import CategoryTable
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError


@dataclass(frozen=True, eq=False)
class FilteredBlock:
    """The detections of a block and which of them take part in fusion.

    Attributes:
        block: D detections.
        shares: (D, 4) float64, their boxes xyxy as fractions of the image.
        seen: (M, images of the block) bool, whether a source was run on an image.
        reasons: (D,) int64 index into `filters.REASONS`.
    """

    block: Block
    shares: NDArray[np.float64]
    seen: NDArray[np.bool_]
    reasons: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """(L,) the detections that take part."""
        return np.flatnonzero(self.reasons == TAKES_PART)


class SourceReader:
    """Reads the blocks of opened sources.

    Args:
        sources: M sources of one image set.
        categories: K categories.
        score_threshold: Lowest score that takes part.
        strict: Stop at detections without a mask beside others with one; or leave them out.
        areas: M valid areas; None trusts every source with every size.
        with_soft_masks: Read the grids of stores that have some, too.
    """

    def __init__(
        self,
        sources: Sequence[OpenedSource],
        categories: CategoryTable,
        score_threshold: float,
        strict: bool,
        areas: Sequence[ValidArea] | None = None,
        with_soft_masks: bool = False,
    ) -> None:
        self._sources, self._score_threshold, self._strict = sources, score_threshold, strict
        self._areas = [EVERY_SIZE] * len(sources) if areas is None else areas
        self._trusted = np.stack([source.trusted_categories for source in sources])
        self._boxes_only = np.array([source.boxes_only for source in sources])
        stores = [PredictionStore.open(source.directory) for source in sources]
        self._reader = BlockReader(stores, categories, with_soft_masks)
        self._seen_in = {
            number: PredictionStore.open(source.seen_in)
            for number, source in enumerate(sources)
            if source.seen_in != source.directory
        }

    def read(self, number: int, image_ids: NDArray[np.int64]) -> FilteredBlock:
        """A block; its mask bytes are overwritten by the next.

        Args:
            number: Of the block.
            image_ids: Its images.

        Raises:
            BadInputError: A source is damaged, or `strict` and a detection has no mask where others
                of its source have one.
        """
        block = self._reader.read(number, image_ids)
        shares = box_shares(block.columns)
        reasons = self._reasons(block, shares)
        return FilteredBlock(block, shares, self._images_seen(block, number), reasons)

    def _images_seen(self, block: Block, number: int) -> NDArray[np.bool_]:
        """(M, images of the block); an expert was run where it found anything at all."""
        seen = images_seen(block, len(self._sources))
        for source, store in self._seen_in.items():
            found = store.read_block(number, with_masks=False)
            seen[source] = np.isin(block.image_ids, found.image_id)
        return seen

    def _reasons(self, block: Block, shares: NDArray[np.float64]) -> NDArray[np.int64]:
        fits = within_valid_areas(self._areas, block.sources, block.columns.boxes)
        trusted = self._trusted[block.sources, block.categories]
        boxes_only = self._boxes_only[block.sources] if self._boxes_only.any() else None
        threshold = self._score_threshold
        reasons = filter_reasons(block.columns, shares, threshold, trusted, fits, boxes_only)
        if self._strict:
            self._check_masks(block, reasons)
        return reasons

    def _check_masks(self, block: Block, reasons: NDArray[np.int64]) -> None:
        without = np.flatnonzero(reasons == NO_MASK)
        if not len(without):
            return
        spec = self._sources[block.sources[without[0]]].spec
        raise BadInputError(
            f"{spec.path}: source {spec.name}, image {block.columns.image_id[without[0]]}: a "
            "detection has a box and no mask, and others of this source have masks; export it with "
            "`segmentation`, or drop and count such detections with --drop-invalid"
        )
