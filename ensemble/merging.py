"""From the detections of all sources to those of the merge, one block of images at a time.

Screening, fusion, ranking by score + margin, cut to `max_dets` per image. Memory is bounded by a
block: 32 images of every source.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion import fuse
from ensemble.rescoring import order_by_margin, ranks_in_image
from ensemble.screening import NO_MASK, TAKES_PART, box_shares, screen
from ensemble.settings import MergeSettings
from ensemble.sources import MERGED, Block, SourceSpec, read_block
from ensemble.statistics import MergeStatistics
from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.problems import BadInputError

Progress = Callable[[Iterable[DetectionColumns], int], Iterable[DetectionColumns]]


@dataclass(frozen=True, eq=False)
class Merge:
    """Everything one merge needs for each of its blocks.

    Attributes:
        specs: The sources, by name.
        stores: Their detections, of one image set.
        categories: K categories; those without frequency groups cannot be merged.
        settings: What to do.
        statistics: Where it is counted.
    """

    specs: Sequence[SourceSpec]
    stores: Sequence[PredictionStore]
    categories: CategoryTable
    settings: MergeSettings
    statistics: MergeStatistics

    @property
    def images(self) -> ImageSet:
        """The images of all sources."""
        return self.stores[0].images

    def blocks(self) -> Iterator[DetectionColumns]:
        """The merged detections of every block, by image id, then falling score + margin.

        Raises:
            BadInputError: A source is damaged, or has detections without a mask.
        """
        groups = group_of_category(self.categories)
        for number, image_ids in enumerate(self.images.blocks()):
            block = read_block(self.stores, number, image_ids, self.categories)
            yield self._merge_block(block, groups)

    def _merge_block(self, block: Block, groups: NDArray[np.int64]) -> DetectionColumns:
        settings = self.settings
        shares = box_shares(block.columns)
        outcomes = screen(block.columns, shares, settings.score_thr)
        self._check_masks(block, outcomes)
        self.statistics.add_detections(
            len(block.image_ids),
            block.sources,
            block.images,
            groups[block.categories],
            block.columns.score,
            outcomes,
        )
        clusters = fuse(
            block,
            rows=np.flatnonzero(outcomes == TAKES_PART),
            shares=shares,
            weights=np.array([spec.weight for spec in self.specs]),
            num_categories=len(self.categories),
            method=settings.method,
            iou_thr=settings.iou_thr,
        )
        images = block.images[clusters.best]
        cluster_groups = groups[block.categories[clusters.best]]
        order = order_by_margin(
            images,
            clusters.scores,
            cluster_groups,
            block.sources[clusters.best],
            settings.margins,
        )
        kept = ranks_in_image(images[order]) < settings.max_dets
        self.statistics.add_clusters(
            clusters.sizes[order],
            images[order],
            cluster_groups[order],
            clusters.scores[order],
            kept,
        )
        chosen = order[kept]
        scores = np.minimum(clusters.scores[chosen], 1.0)
        best = block.columns.take(clusters.best[chosen])
        return replace(best, score=scores, score_mask=scores, boxes=clusters.boxes[chosen])

    def _check_masks(self, block: Block, outcomes: NDArray[np.int64]) -> None:
        without = np.flatnonzero(outcomes == NO_MASK)
        if self.settings.on_invalid == "drop" or not len(without):
            return
        spec = self.specs[block.sources[without[0]]]
        raise BadInputError(
            f"{spec.path}: source {spec.name}, image {block.columns.image_id[without[0]]}: a "
            "detection has a box and no mask, and a merge fuses masks; export this source with "
            "`segmentation`, or drop and count such detections with --on-invalid drop"
        )


def group_of_category(categories: CategoryTable) -> NDArray[np.int64]:
    """(K,) index into `FREQUENCY_GROUPS`."""
    members = np.stack([categories.group(letter) for letter in FREQUENCY_GROUPS])
    groups: NDArray[np.int64] = members.argmax(axis=0)
    return groups


def write_merged(merge: Merge, directory: Path, progress: Progress) -> PredictionStore:
    """Write the merged detections as a prediction store of their own."""
    writer = StoreWriter(directory, merge.images, Source(MERGED))
    blocks = iter(progress(merge.blocks(), merge.images.num_blocks))
    for shard in range(merge.images.num_shards):
        num_blocks = len(merge.images.blocks_of_shard(shard))
        writer.write_shard(shard, islice(blocks, num_blocks))
    # Reading on to the end lets the progress bar finish.
    assert next(blocks, None) is None
    return writer.finish()
