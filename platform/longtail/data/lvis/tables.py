"""What a reader takes from an annotation file, as columns.

N images by ascending id, M instances.
"""

from dataclasses import dataclass, fields, replace
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray

from longtail.data.lvis.ragged import Ragged


class SegmentationKind(IntEnum):
    """What `InstanceTable.spans` points into."""

    NONE = 0
    POLYGONS = 1
    RLE = 2


class InstanceFlag(IntFlag):
    """What is to be known of an instance besides its numbers."""

    CROWD = 1
    """`iscrowd`: a region of many objects, not one of them."""
    IGNORED = 2
    """`ignore`: counts neither for nor against a detection."""
    OVERSHOOTS = 4
    """Its box or its polygons leave the image."""
    LEFT_OUT = 8
    """Of no use to a detector: a crowd, without extent, or wholly outside of the image."""


class MissingList(IntFlag):
    """Federated lists that an image does not have."""

    ABSENT = 1
    NOT_EXHAUSTIVE = 2


@dataclass(frozen=True, eq=False)
class ImageTable:
    """N images by ascending id.

    Attributes:
        ids: (N,) int64.
        heights: (N,) int64, pixels.
        widths: (N,) int64, pixels.
        file_names: N names, "" where the file has none.
        coco_names: N names from `coco_url`, as "train2017/000000000009.jpg"; "" where none.
        absent: N rows of category ids, verified as not in the image.
        not_exhaustive: N rows of category ids, of which not every instance is annotated.
        missing_lists: (N,) uint8 `MissingList`.
    """

    ids: NDArray[np.int64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    file_names: list[str]
    coco_names: list[str]
    absent: Ragged
    not_exhaustive: Ragged
    missing_lists: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class InstanceTable:
    """M instances, as the file has them.

    Attributes:
        ids: (M,) int64.
        image_ids: (M,) int64.
        category_ids: (M,) int64.
        boxes: (M, 4) float64 x, y, width, height in pixels.
        areas: (M,) float64 square pixels.
        outlines: (M, 4) float64 xyxy around the polygons' points, NaN where there are none.
        kinds: (M,) int64 `SegmentationKind`.
        spans: (M, 2) int64 start and end: rings of polygons, bytes of a run-length mask.
        flags: (M,) int64 `InstanceFlag`.
    """

    ids: NDArray[np.int64]
    image_ids: NDArray[np.int64]
    category_ids: NDArray[np.int64]
    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]
    outlines: NDArray[np.float64]
    kinds: NDArray[np.int64]
    spans: NDArray[np.int64]
    flags: NDArray[np.int64]

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "InstanceTable":
        """Some of the instances, in the order of `index`."""
        columns = (getattr(self, field.name)[index] for field in fields(self))
        return InstanceTable(*columns)

    def with_flags(self, flags: NDArray[np.int64]) -> "InstanceTable":
        """The same with other flags."""
        return replace(self, flags=flags)
