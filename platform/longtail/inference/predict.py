"""From a detector and images to a store of predictions, one shard at a time."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from longtail.config.variant import Inference
from longtail.data.loading.batches import prediction_images
from longtail.data.lvis.annotations import Annotations
from longtail.engines.base import Engine
from longtail.inference.columns import to_columns
from longtail.inference.dropped_rows import DroppedRows
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import IMAGES_PER_BLOCK
from longtail.predictions.store import StoreWriter


def show_nothing(num_images: int) -> None:
    """Progress that nobody looks at."""


def predict_shard(
    engine: Engine,
    annotations: Annotations,
    images_root: Path,
    inference: Inference,
    writer: StoreWriter,
    shard: int,
    *,
    loader_processes: int = 0,
    on_progress: Callable[[int], None] = show_nothing,
) -> int:
    """Predict the images of one shard and write it, and beside it how many rows were dropped.

    Args:
        engine: The detector, in evaluation mode.
        annotations: The file whose images are predicted; the writer's image set is of it too.
        images_root: Folder of the images.
        inference: Test-time settings.
        writer: The store being made.
        shard: Which shard.
        loader_processes: Processes that read images ahead; 0 reads them here.
        on_progress: Told after each batch how many images it had.

    Returns:
        Number of detections.

    Raises:
        BadInputError: An image is missing or cannot be read.
    """
    assert np.array_equal(annotations.image_ids, writer.images.ids), "images of another file"
    numbers = writer.images.blocks_of_shard(shard)
    sizes = [len(ids) for ids in writer.images.blocks()[numbers.start : numbers.stop]]
    first = numbers.start * IMAGES_PER_BLOCK
    batches = prediction_images(
        annotations,
        range(first, first + sum(sizes)),
        images_root,
        inference,
        loader_processes,
    )

    category_ids = annotations.categories.ids
    num_detections, dropped = 0, DroppedRows()

    def rows() -> Iterator[DetectionColumns]:
        nonlocal num_detections
        for batch in batches:
            detections = engine.predict(batch)
            on_progress(len(batch))
            for found in detections:
                dropped.add(found.image_id, found.num_not_finite)
                columns = to_columns(
                    found, category_ids, inference.mask_threshold, inference.keep_soft_masks
                )
                num_detections += len(columns)
                yield columns

    of_images = rows()
    with writer.open_shard(shard) as write:
        for size in sizes:
            write(DetectionColumns.concatenate(list(islice(of_images, size))))
        # Before the shard appears: once it is there, nobody counts again.
        dropped.write(writer.directory, shard)
    return num_detections
