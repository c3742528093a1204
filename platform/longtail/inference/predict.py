"""From a detector and images to a store of predictions, one shard at a time, each image once."""

from collections.abc import Iterator

from longtail.data.loading.batches import prediction_images
from longtail.engines.base import Engine
from longtail.inference.columns import to_columns
from longtail.inference.dropped_rows import DroppedRows
from longtail.inference.flip import flipped_back, flipped_image
from longtail.inference.shard import ShardImages
from longtail.predictions.columns import DetectionColumns


def predict_shard(engine: Engine, of: ShardImages) -> int:
    """Predict the images of one shard and write it, and beside it how many rows were dropped.

    Args:
        engine: The detector, in evaluation mode.
        of: The shard.

    Returns:
        Number of detections.

    Raises:
        BadInputError: An image is missing or cannot be read.
    """
    dropped = DroppedRows()
    return of.write(_detected(engine, of, dropped), dropped)


def _detected(engine: Engine, of: ShardImages, dropped: DroppedRows) -> Iterator[DetectionColumns]:
    inference, category_ids = of.inference, of.annotations.categories.ids
    batches = prediction_images(
        of.annotations, of.indices, of.images_root, inference, of.loader_processes
    )
    for batch in batches:
        seen = [flipped_image(image) for image in batch] if inference.flip else batch
        detections = engine.predict(seen)
        of.on_progress(len(batch))
        for found in detections:
            dropped.add(found.image_id, found.num_not_finite)
            straight = flipped_back(found) if inference.flip else found
            yield to_columns(
                straight, category_ids, inference.mask_threshold, inference.keep_soft_masks
            )
