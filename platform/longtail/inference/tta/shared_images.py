"""The detections of a shard by shared proposals: all views of a batch are held at a time."""

from collections.abc import Iterator, Sequence

from longtail.config.detector import Proposals
from longtail.config.test_time.tta import TTA
from longtail.data.loading.sample import Image
from longtail.engines.base import Detections, Engine
from longtail.engines.pixels import in_original_pixels
from longtail.inference.columns import to_columns
from longtail.inference.dropped_rows import DroppedRows
from longtail.inference.shard import ShardImages
from longtail.inference.tta.grids import GivenBoxes, averaged_masks
from longtail.inference.tta.scale_choice import chosen_scales
from longtail.inference.tta.shared_proposals import SeenViews, boxes_of_views
from longtail.inference.tta.views import sizes_of, views_of
from longtail.models.boxes import rescale_boxes
from longtail.models.roi_heads.heads import RoIDetections
from longtail.models.roi_heads.mask_branch import INSIDE
from longtail.predictions.columns import DetectionColumns


def detections_of_views(
    engine: Engine, at_scales: Sequence[Sequence[Image]], tta: TTA, settings: Proposals
) -> list[Detections]:
    """What all views together find in each image of a batch.

    Args:
        engine: In evaluation mode.
        at_scales: Of every scale the images, unflipped.
        tta: Views and masks.
        settings: Of the detector's proposals.
    """
    seen = [(view, engine.see(view.images(at_scales))) for view in views_of(tta)]
    found = boxes_of_views(engine, seen, settings)
    frames = seen[0][1].sizes
    given = [
        GivenBoxes(of.boxes, of.labels, frame) for of, frame in zip(found, frames, strict=True)
    ]
    if tta.masks == "by_scale":
        given = _by_scale(engine, seen, given, at_scales[0], tta)
    masks = averaged_masks(engine, seen, given)
    pairs = zip(found, masks, strict=True)
    detected = [RoIDetections(of, mask.probabilities, mask.quality) for of, mask in pairs]
    return in_original_pixels(at_scales[0], detected, class_rows=False)


def shared_images(
    engine: Engine, of: ShardImages, settings: Proposals, dropped: DroppedRows
) -> Iterator[DetectionColumns]:
    """The detections of each image of a shard, in their order.

    Args:
        engine: In evaluation mode.
        of: The shard.
        settings: Of the detector's proposals.
        dropped: Counts the rows of scores that were no finite numbers.
    """
    inference, category_ids = of.inference, of.annotations.categories.ids
    tta = inference.tta
    assert tta is not None
    batches = of.batches(sizes_of(tta))
    for at_scales in batches:
        detections = detections_of_views(engine, at_scales, tta, settings)
        of.on_progress(len(detections))
        for found in detections:
            dropped.add(found.image_id, found.num_not_finite)
            yield to_columns(
                found, category_ids, inference.mask_threshold, inference.keep_soft_masks
            )


def _by_scale(
    engine: Engine,
    seen: SeenViews,
    given: Sequence[GivenBoxes],
    images: Sequence[Image],
    tta: TTA,
) -> list[GivenBoxes]:
    """The same boxes, each with the scale that suits it; how thin an object is, the mask in the
    first view tells."""
    short_sides = [scale.short_side for scale in tta.scales]
    first = averaged_masks(engine, seen[:1], given)
    chosen = []
    for of, masks, image in zip(given, first, images, strict=True):
        boxes = rescale_boxes(of.boxes, of.frame, image.original_size).double()
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
        filled = (masks.probabilities >= INSIDE).double().mean(dim=(1, 2))
        scales = chosen_scales(areas, filled * areas, short_sides)
        chosen.append(GivenBoxes(of.boxes, of.labels, of.frame, scales))
    return chosen
