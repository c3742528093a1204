"""The sources of a plan, open for reading, and which of their detections take part.

D detections of one block, M sources, K categories.
"""

import numpy as np
from numpy.typing import NDArray

from ensemble.merging.plan import MergePlan
from ensemble.sources.blocks import Block, BlockReader, images_seen
from ensemble.sources.filters import NO_MASK, screen
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError


class PlanSources:
    """Reads the blocks of all sources and checks what is in them.

    Attributes:
        weights: (M,) weight of each source.
        areas: M valid areas.
        knows: (M, K) the categories that each is trusted with.
    """

    def __init__(self, plan: MergePlan) -> None:
        self._plan = plan
        self.weights = plan.weights
        self.areas = [source.spec.valid_area for source in plan.sources]
        self.knows = np.stack([source.knows for source in plan.sources])
        self._boxes_only = np.array([source.boxes_only for source in plan.sources])
        stores = [PredictionStore.open(source.directory) for source in plan.sources]
        votes = plan.settings.fusion.mask == "vote"
        self._reader = BlockReader(stores, plan.categories, with_soft_masks=votes)
        self._seen_in = {
            number: PredictionStore.open(source.seen_in)
            for number, source in enumerate(plan.sources)
            if source.seen_in != source.directory
        }

    def read(self, number: int, image_ids: NDArray[np.int64]) -> Block:
        """A block; its mask bytes are overwritten by the next.

        Raises:
            BadInputError: A source is damaged.
        """
        return self._reader.read(number, image_ids)

    def images_seen(self, block: Block, number: int) -> NDArray[np.bool_]:
        """(M, images of the block); an expert was run where it found anything at all."""
        seen = images_seen(block, len(self.areas))
        for source, store in self._seen_in.items():
            found = store.read_block(number, with_masks=False)
            seen[source] = np.isin(block.image_ids, found.image_id)
        return seen

    def outcomes(
        self, block: Block, shares: NDArray[np.float64], sides: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """(D,) index into `screening.OUTCOMES`.

        Args:
            block: The detections.
            shares: (D, 4) their boxes, from `box_shares`.
            sides: (D,) sides of their boxes, from `box_sides`.

        Raises:
            BadInputError: A detection has no mask where others of its source have one.
        """
        fits = np.ones(len(block), np.bool_)
        for source, area in enumerate(self.areas):
            if not area.is_everything:
                fits &= (block.sources != source) | area.holds(sides)
        known = self.knows[block.sources, block.categories]
        boxes_only = self._boxes_only[block.sources] if self._boxes_only.any() else None
        score_thr = self._plan.settings.score_thr
        outcomes = screen(block.columns, shares, score_thr, known, fits, boxes_only)
        self._check_masks(block, outcomes)
        return outcomes

    def _check_masks(self, block: Block, outcomes: NDArray[np.int64]) -> None:
        without = np.flatnonzero(outcomes == NO_MASK)
        if not self._plan.settings.strict or not len(without):
            return
        spec = self._plan.sources[block.sources[without[0]]].spec
        raise BadInputError(
            f"{spec.path}: source {spec.name}, image {block.columns.image_id[without[0]]}: a "
            "detection has a box and no mask, and others of this source have masks; export it with "
            "`segmentation`, or drop and count such detections with --drop-invalid"
        )
