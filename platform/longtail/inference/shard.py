"""The images of one shard of a store: which they are, and how what is found in them is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from longtail.config.variant import Inference
from longtail.data.loading.batches import images_at_scales
from longtail.data.loading.sample import Image
from longtail.data.lvis.annotations import Annotations
from longtail.inference.dropped_rows import DroppedRows
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import IMAGES_PER_BLOCK
from longtail.predictions.store import StoreWriter


def show_nothing(num_images: int) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True)
class ShardImages:
    """The images of a shard and how they are predicted.

    Attributes:
        annotations: The file whose images are predicted; the writer's image set is of it too.
        images_root: Folder of the images.
        inference: Test-time settings.
        writer: The store being made.
        shard: Which shard.
        loader_processes: Processes that read images ahead; 0 reads them here.
        on_progress: Told after each batch how many images it had.
    """

    annotations: Annotations
    images_root: Path
    inference: Inference
    writer: StoreWriter
    shard: int
    loader_processes: int = 0
    on_progress: Callable[[int], None] = show_nothing

    def __post_init__(self) -> None:
        ids = self.annotations.image_ids
        assert np.array_equal(ids, self.writer.images.ids), "images of another file"

    @property
    def blocks(self) -> range:
        """Numbers of the shard's blocks."""
        return self.writer.images.blocks_of_shard(self.shard)

    @property
    def indices(self) -> range:
        """Of the images in the file."""
        first = self.blocks.start * IMAGES_PER_BLOCK
        return range(
            first, min(self.blocks.stop * IMAGES_PER_BLOCK, len(self.annotations.image_ids))
        )

    def batches(self, sizes: Sequence[tuple[int, int]]) -> Iterator[list[list[Image]]]:
        """Of every batch the images at each of these sizes: see `images_at_scales`."""
        return images_at_scales(
            self.annotations,
            self.indices,
            self.images_root,
            sizes,
            self.inference.images_per_batch,
            self.loader_processes,
        )

    def write(self, of_images: Iterator[DetectionColumns], dropped: DroppedRows) -> int:
        """Write the shard, and beside it how many rows of scores were dropped.

        Args:
            of_images: The detections of each image, in their order.
            dropped: Counts that grow while those are made.

        Returns:
            Number of detections.

        Raises:
            BadInputError: An image is missing or cannot be read.
        """
        num_detections = 0
        with self.writer.open_shard(self.shard) as write:
            for ids in self.writer.images.blocks()[self.blocks.start : self.blocks.stop]:
                block = DetectionColumns.concatenate(list(islice(of_images, len(ids))))
                num_detections += len(block)
                write(block)
            # Before the shard appears: once it is there, nobody counts again.
            dropped.write(self.writer.directory, self.shard)
        return num_detections
