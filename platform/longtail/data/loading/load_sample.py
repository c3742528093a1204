"""Build the training sample of one annotated image.

G instances. Boxes are xyxy in pixels; labels are contiguous category indices 0..K-1.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from torch import Tensor

from longtail.config.stages import ClassThenImage, Sampler
from longtail.data.loading.images import to_tensor
from longtail.data.loading.masks import BitmapMask, InstanceMasks, PolygonMask
from longtail.data.loading.sample import Image, Sample, VerifiedCategories
from longtail.data.loading.transforms.base import Transform, draw_change
from longtail.data.loading.transforms.geometry import Geometry
from longtail.data.lvis.annotations import Annotations
from longtail.data.lvis.segmentation import Polygons, Rle, Segmentation
from longtail.data.pictures.rgb import read_rgb
from longtail.data.semantic.classes import UNLABELLED, ClassMaps


def load_sample(
    annotations: Annotations,
    i: int,
    images_root: Path,
    transforms: Sequence[Transform],
    rng: np.random.Generator,
    maps: ClassMaps | None = None,
) -> Sample:
    """Read image index `i`, augment it and its instances, and say what is verified in it.

    Instances that end up without area are dropped; their categories stay verified, since the
    annotators saw them.

    Raises:
        BadInputError: The picture or its map of classes is missing, damaged or of another size.
    """
    size = int(annotations.heights[i]), int(annotations.widths[i])
    change = draw_change(transforms, size, rng)
    picture = change.pixels(read_rgb(annotations.image_path(i, images_root), size))
    instances, geometry = annotations.instances(i), change.geometry
    boxes = geometry.boxes(instances.boxes)
    masks = instance_masks(instances.segmentations).affine(geometry.matrix, geometry.size)
    kept = with_area(boxes, masks)
    return Sample(
        image=Image(to_tensor(picture), int(annotations.image_ids[i]), size),
        boxes=torch.from_numpy(boxes[kept]).float(),
        labels=_indices(instances.labels[kept]),
        masks=masks.take(kept.tolist()),
        source=torch.zeros(len(kept), dtype=torch.long),
        verified=(verified_categories(annotations, i),),
        ignore_boxes=torch.zeros(0, 4),
        ignore_weights=torch.zeros(0),
        has_masks=annotations.has_masks(i),
        semantic=None if maps is None else _classes(maps, annotations, i, geometry),
    )


def for_drawn_category(sample: Sample, sampler: Sampler, category: int | None) -> Sample:
    """Say in the sample for which category it was drawn, if the sampler selects its proposals."""
    if not isinstance(sampler, ClassThenImage) or not sampler.selected_proposals:
        return sample
    return replace(
        sample,
        drawn_category=category,
        background_per_foreground=sampler.background_per_foreground,
    )


def verified_categories(annotations: Annotations, i: int) -> VerifiedCategories:
    """What annotators checked in image index `i`.

    Categories annotated without claim to completeness are there all the same: they count as
    present.
    """
    present = np.union1d(annotations.annotated(i), annotations.not_exhaustive(i))
    return VerifiedCategories(_indices(present), _indices(annotations.absent(i)))


def instance_masks(segmentations: list[Segmentation]) -> InstanceMasks:
    """The masks of an annotation file's segmentations, in pixels of the stored image."""
    return InstanceMasks(tuple(_mask(segmentation) for segmentation in segmentations))


def with_area(boxes: NDArray[np.float64], masks: InstanceMasks) -> NDArray[np.int64]:
    """The instances, of G, whose (G, 4) box and mask (if any) are not empty."""
    sides = boxes[:, 2:] - boxes[:, :2]
    maskless = np.array([item is None for item in masks.items], bool)
    return np.flatnonzero((sides > 0).all(axis=1) & (maskless | (masks.areas().numpy() > 0)))


def _mask(segmentation: Segmentation) -> PolygonMask | BitmapMask | None:
    match segmentation:
        case Polygons():
            return PolygonMask(segmentation.rings)
        case Rle():
            size = [segmentation.height, segmentation.width]
            return BitmapMask.from_full(
                coco_mask.decode({"size": size, "counts": segmentation.counts})
            )
        case None:
            return None


def _classes(maps: ClassMaps, annotations: Annotations, i: int, geometry: Geometry) -> Tensor:
    """(H, W) uint8 of the new picture."""
    return torch.from_numpy(geometry.classes(maps.of_image(annotations, i), UNLABELLED))


def _indices(values: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(np.array(values, np.int64))
