"""The detections of a shard by the union of finished views, with new masks where they are wanted.

D detections of an image.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from longtail.config.test_time.tta import TTA
from longtail.data.loading.sample import Image
from longtail.engines.base import Engine, SeenImages
from longtail.inference.columns import encoded_masks
from longtail.inference.shard import ShardImages
from longtail.inference.tta.grids import GivenBoxes, averaged_masks
from longtail.inference.tta.scale_choice import chosen_scales
from longtail.inference.tta.union import UnionOfViews
from longtail.inference.tta.views import View, sizes_of, views_of
from longtail.models.roi_heads.mask_branch import FoundMasks
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import SoftMasks
from longtail.predictions.store import PredictionStore
from longtail.rle.codec import decode_many
from longtail.rle.geometry import areas


def united_images(of: ShardImages, views: Sequence[PredictionStore]) -> Iterator[DetectionColumns]:
    """The union of each image of a shard, in their order, with the masks of the views.

    Args:
        of: The shard.
        views: The finished store of each view.
    """
    inference, categories = of.inference, of.annotations.categories
    tta = inference.tta
    assert tta is not None
    union = UnionOfViews(
        tta,
        inference.score_threshold,
        inference.detections_per_image,
        categories.ids,
        categories.group_index() if tta.rare_margin else None,
    )
    soft = inference.keep_soft_masks and tta.masks == "own"
    for block in of.blocks:
        found = [store.read_block(block, with_soft_masks=soft) for store in views]
        for image_id in of.writer.images.blocks()[block].tolist():
            yield union.of_image([columns.take(columns.image_id == image_id) for columns in found])


def images_with_own_masks(
    of: ShardImages, views: Sequence[PredictionStore]
) -> Iterator[DetectionColumns]:
    """`united_images`; progress is told as if they came in batches."""
    for columns in united_images(of, views):
        of.on_progress(1)
        yield columns


def images_with_new_masks(
    engine: Engine, of: ShardImages, views: Sequence[PredictionStore]
) -> Iterator[DetectionColumns]:
    """`united_images` with masks that the network makes at the united boxes.

    Args:
        engine: In evaluation mode.
        of: The shard.
        views: The finished store of each view.
    """
    inference = of.inference
    tta = inference.tta
    assert tta is not None
    batches = of.batches(sizes_of(tta))
    united, device = united_images(of, views), next(engine.parameters()).device
    for at_scales in batches:
        found = [next(united) for _ in at_scales[0]]
        given = [
            _given(of, columns, image, tta, device)
            for columns, image in zip(found, at_scales[0], strict=True)
        ]
        wanted = [
            view for view in views_of(tta) if any(len(boxes.rows_of(view)) for boxes in given)
        ]
        masks = averaged_masks(engine, _seen(engine, wanted, at_scales), given)
        of.on_progress(len(found))
        for columns, image, own in zip(found, at_scales[0], masks, strict=True):
            yield _with_masks(columns, own, image.original_size, of)


def _seen(
    engine: Engine, views: Sequence[View], at_scales: Sequence[Sequence[Image]]
) -> Iterator[tuple[View, SeenImages]]:
    """A view at a time, so that the features of one alone are held."""
    for view in views:
        yield view, engine.see(view.images(at_scales))


def _given(
    of: ShardImages, columns: DetectionColumns, image: Image, tta: TTA, device: torch.device
) -> GivenBoxes:
    """The boxes of an image, where the network computes."""
    index = of.annotations.categories.index_of(columns.category_id)
    boxes = torch.from_numpy(_corners(columns)).float()
    scales = None
    if tta.masks == "by_scale":
        areas_of_boxes = torch.from_numpy(columns.boxes[:, 2:]).prod(dim=1)
        areas_of_masks = torch.from_numpy(_mask_areas(columns))
        short_sides = [scale.short_side for scale in tta.scales]
        scales = chosen_scales(areas_of_boxes, areas_of_masks, short_sides).to(device)
    labels = torch.from_numpy(index).to(device)
    return GivenBoxes(boxes.to(device), labels, image.original_size, scales)


def _corners(columns: DetectionColumns) -> NDArray[np.float64]:
    """(D, 4) boxes xyxy."""
    low = columns.boxes[:, :2]
    return np.concatenate([low, low + columns.boxes[:, 2:]], axis=1)


def _mask_areas(columns: DetectionColumns) -> NDArray[np.int64]:
    """(D,) pixels of the masks."""
    return areas(*decode_many(columns.counts, columns.counts_offsets))


def _with_masks(
    columns: DetectionColumns, masks: FoundMasks, size: tuple[int, int], of: ShardImages
) -> DetectionColumns:
    """The detections with other masks, and the scores that follow from their quality."""
    corners = torch.from_numpy(_corners(columns))
    grids = masks.probabilities.cpu()
    counts, offsets = encoded_masks(grids, corners, size, of.inference.mask_threshold)
    keeps = of.inference.keep_soft_masks
    return replace(
        columns,
        score_mask=columns.score * masks.quality.cpu().double().numpy(),
        counts=counts,
        counts_offsets=offsets,
        soft=SoftMasks.of(grids.double().numpy()) if keeps else None,
    )
