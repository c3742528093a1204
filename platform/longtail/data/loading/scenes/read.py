"""From an annotated image to its scene. G instances."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from torch import Tensor

from longtail.data.joining.ignored import Ignored
from longtail.data.loading.sample import VerifiedCategories
from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.instances import Instances
from longtail.data.loading.scenes.masks import BitmapMask, InstanceMasks, PolygonMask
from longtail.data.loading.scenes.scene import Scene
from longtail.data.lvis.annotations import Annotations
from longtail.data.lvis.segmentation import Polygons, Rle, Segmentation
from longtail.data.pictures.rgb import read_rgb
from longtail.data.semantic.classes import ClassMaps


def read_scene(
    annotations: Annotations, i: int, images_root: Path, maps: ClassMaps | None = None
) -> Scene:
    """Image index `i` with all that is annotated in it.

    Raises:
        BadInputError: The picture or its map of classes is missing, damaged or of another size.
    """
    size = int(annotations.heights[i]), int(annotations.widths[i])
    written = annotations.instances(i)
    return Scene(
        picture=read_rgb(annotations.image_path(i, images_root), size),
        instances=Instances(
            boxes=written.boxes,
            labels=written.labels,
            masks=instance_masks(written.segmentations),
            source=np.zeros(len(written.labels), np.int64),
        ),
        sources=(verified_categories(annotations, i),),
        regions=np.array([[0.0, 0.0, size[1], size[0]]]),
        ignored=Ignored.none(),
        has_masks=annotations.has_masks(i),
        semantic=None if maps is None else maps.of_image(annotations, i),
        pending=Geometry.unmoved(size),
    )


def verified_categories(annotations: Annotations, i: int) -> VerifiedCategories:
    """What annotators checked in image index `i`.

    Categories annotated without claim to completeness are there all the same: they count as
    present.
    """
    present = np.union1d(annotations.annotated(i), annotations.not_exhaustive(i))
    return VerifiedCategories(as_indices(present), as_indices(annotations.absent(i)))


def instance_masks(segmentations: list[Segmentation]) -> InstanceMasks:
    """The masks of an annotation file's segmentations, in pixels of the stored image."""
    return InstanceMasks(tuple(_mask(segmentation) for segmentation in segmentations))


def as_indices(values: NDArray[np.int64]) -> Tensor:
    """A tensor of its own."""
    return torch.from_numpy(np.array(values, np.int64))


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
