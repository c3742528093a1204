"""Instances as arrays: those of one image for training, those of a file as it has them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.data.lvis.segmentation import Segmentation


@dataclass(frozen=True, eq=False)
class InstanceColumns:
    """G instances of one image that training uses, in the file's order.

    Attributes:
        labels: (G,) int64 category indices 0..K-1.
        boxes: (G, 4) float64 xyxy, pixels of the original image, inside of it.
        areas: (G,) float64 square pixels, as the file says.
        ids: (G,) int64 annotation ids.
        segmentations: G outlines, polygons inside of the image; None where the instance has a box
            only.
    """

    labels: NDArray[np.int64]
    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]
    ids: NDArray[np.int64]
    segmentations: list[Segmentation]


@dataclass(frozen=True, eq=False)
class WrittenInstances:
    """All M instances of a file as it has them, by image and then in the file's order.

    Arrays are read-only and memory-mapped.

    Attributes:
        offsets: (N + 1,) int64, where the instances of each image start.
        ids: (M,) int64 annotation ids.
        labels: (M,) int64 category indices.
        boxes: (M, 4) float64 x, y, width, height in pixels.
        areas: (M,) float64 square pixels.
        kinds: (M,) uint8 `SegmentationKind`.
        flags: (M,) uint8 `InstanceFlag`.
    """

    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]
    kinds: NDArray[np.uint8]
    flags: NDArray[np.uint8]

    @property
    def image(self) -> NDArray[np.int64]:
        """(M,) index of each one's image."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
