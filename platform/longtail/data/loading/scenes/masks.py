"""Instance masks of one image, kept as polygons or bitmaps until a head's grid is cropped.

G instances, R regions. Coordinates are continuous pixels: pixel i covers [i, i + 1). Boxes are
xyxy in the same pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PilImage
from pycocotools import mask as coco_mask
from scipy import ndimage
from torch import Tensor

from longtail.data.lvis.clipping import cut_ring

SMALLEST_BOX_SIDE = 0.1


@dataclass(frozen=True, eq=False)
class PolygonMask:
    """The union of closed rings, each (n, 2) float64 x and y with n >= 3."""

    rings: tuple[NDArray[np.float64], ...]

    def affine(self, matrix: NDArray[np.float64], size: tuple[int, int]) -> "PolygonMask":
        """See `InstanceMasks.affine`; rings that leave the picture are dropped."""
        moved = (ring @ matrix[:, :2].T + matrix[:, 2] for ring in self.rings)
        clipped = (cut_ring(ring, size) for ring in moved)
        return PolygonMask(tuple(ring for ring in clipped if _ring_area(ring) > 0))

    def crop(self, boxes: NDArray[np.float64], side: int) -> NDArray[np.bool_]:
        """Rasterise the part inside each of R xyxy boxes: (R, side, side).

        Same convention as detectron2's `PolygonMasks.crop_and_resize`: the polygon is moved to
        the box's corner and scaled by side / max(box side, 0.1) before it is rasterised.
        """
        grids = np.zeros((len(boxes), side, side), bool)
        scales = side / _extents(boxes)
        for i, (box, scale) in enumerate(zip(boxes, scales, strict=True)):
            rings = [((ring - box[:2]) * scale).ravel() for ring in self.rings]
            if rings:
                runs = coco_mask.merge(coco_mask.frPyObjects(rings, side, side))
                grids[i] = coco_mask.decode(runs)
        return grids

    def area(self) -> float:
        """Sum of the rings' areas in square pixels."""
        return sum(_ring_area(ring) for ring in self.rings)

    def bounds(self) -> NDArray[np.float64]:
        """(4,) the xyxy box around it; zeros if nothing is left."""
        if not self.rings:
            return np.zeros(4)
        points = np.concatenate(self.rings)
        return np.concatenate([points.min(axis=0), points.max(axis=0)])

    def shifted(self, x: int, y: int) -> "PolygonMask":
        """Carried by whole pixels."""
        return PolygonMask(tuple(np.add(ring, [x, y]) for ring in self.rings))

    def bitmap(self) -> "BitmapMask":
        """Its pixels, by the rule of pycocotools; it must not leave the picture to the left or
        above."""
        x1, y1 = np.ceil(self.bounds()[2:]).astype(int).tolist()
        if not x1 * y1:
            return BitmapMask(np.zeros((0, 0), np.uint8), 0, 0)
        runs = coco_mask.merge(coco_mask.frPyObjects([ring.ravel() for ring in self.rings], y1, x1))
        return BitmapMask.from_full(coco_mask.decode(runs))


@dataclass(frozen=True, eq=False)
class BitmapMask:
    """A (h, w) uint8 crop of 0 and 1 whose first pixel is column `x0`, row `y0` of the image."""

    pixels: NDArray[np.uint8]
    x0: int
    y0: int

    @classmethod
    def from_full(cls, pixels: NDArray[np.uint8], x0: int = 0, y0: int = 0) -> "BitmapMask":
        """Cut a bitmap to its non-zero pixels; an empty one becomes a (0, 0) crop."""
        rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
        if not len(rows):
            return cls(np.zeros((0, 0), np.uint8), x0, y0)
        top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        tight = np.ascontiguousarray(pixels[top:bottom, left:right])
        return cls(tight, x0 + int(left), y0 + int(top))

    def affine(self, matrix: NDArray[np.float64], size: tuple[int, int]) -> "BitmapMask":
        """See `InstanceMasks.affine`; resampled bilinearly, then cut at one half."""
        height, width = self.pixels.shape
        x = self.x0 + np.array([0, width, 0, width])
        y = self.y0 + np.array([0, 0, height, height])
        corners = np.stack([x, y], axis=1) @ matrix[:, :2].T + matrix[:, 2]
        limits = np.array(size[::-1])
        first = np.clip(np.floor(corners.min(axis=0)), 0, limits).astype(int)
        last = np.clip(np.ceil(corners.max(axis=0)), 0, limits).astype(int)
        if not self.pixels.size or (last <= first).any():
            return BitmapMask(np.zeros((0, 0), np.uint8), 0, 0)
        resampled = self._resampled(matrix, first, last - first)
        return BitmapMask.from_full(resampled, int(first[0]), int(first[1]))

    def crop(self, boxes: NDArray[np.float64], side: int) -> NDArray[np.bool_]:
        """The cells of each of R xyxy boxes' grids that are covered by half: (R, side, side).

        What detectron2 approximates by RoIAlign, computed exactly: the integral over a cell is a
        difference of the bitmap's summed area at its corners.
        """
        height, width = self.pixels.shape
        summed = np.zeros((height + 1, width + 1))
        summed[1:, 1:] = self.pixels.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
        extents, steps = _extents(boxes), np.arange(side + 1) / side
        x = np.clip(boxes[:, :1] - self.x0 + steps * extents[:, :1], 0, width)
        y = np.clip(boxes[:, 1:2] - self.y0 + steps * extents[:, 1:], 0, height)
        corners = np.broadcast_arrays(y[:, :, None], x[:, None, :])
        at_corners = ndimage.map_coordinates(summed, corners, order=1)
        covered = np.diff(np.diff(at_corners, axis=1), axis=2)
        cells: NDArray[np.float64] = extents.prod(axis=1)[:, None, None] / side**2
        half_covered: NDArray[np.bool_] = covered >= 0.5 * cells
        return half_covered

    def area(self) -> float:
        """Number of set pixels."""
        return float(self.pixels.sum())

    def bounds(self) -> NDArray[np.float64]:
        """(4,) the xyxy box around it; of no extent if nothing is left."""
        height, width = self.pixels.shape
        return np.array([self.x0, self.y0, self.x0 + width, self.y0 + height], np.float64)

    def shifted(self, x: int, y: int) -> "BitmapMask":
        """Carried by whole pixels."""
        return BitmapMask(self.pixels, self.x0 + x, self.y0 + y)

    def bitmap(self) -> "BitmapMask":
        """Itself."""
        return self

    def part_of(self, picture: NDArray[Any]) -> NDArray[Any]:
        """The (h, w) view of a picture's pixels that its crop lies on."""
        height, width = self.pixels.shape
        return picture[self.y0 : self.y0 + height, self.x0 : self.x0 + width]

    def _resampled(
        self, matrix: NDArray[np.float64], first: NDArray[np.int64], extent: NDArray[np.int64]
    ) -> NDArray[np.uint8]:
        inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
        inverse[:, 2] += inverse[:, :2] @ first - [self.x0, self.y0]
        picture = PilImage.fromarray(self.pixels * np.uint8(255)).transform(
            (int(extent[0]), int(extent[1])),
            PilImage.Transform.AFFINE,
            tuple(inverse.ravel()),
            resample=PilImage.Resampling.BILINEAR,
        )
        return (np.asarray(picture) >= 128).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class InstanceMasks:
    """The masks of G instances; None stands for an instance without one."""

    items: tuple[PolygonMask | BitmapMask | None, ...]

    def __len__(self) -> int:
        return len(self.items)

    def take(self, index: Sequence[int]) -> "InstanceMasks":
        """The masks at these positions, in their order."""
        return InstanceMasks(tuple(self.items[i] for i in index))

    def affine(self, matrix: NDArray[np.float64], size: tuple[int, int]) -> "InstanceMasks":
        """Move every mask and clip it to the new picture.

        Args:
            matrix: (2, 3), from old to new continuous pixel coordinates.
            size: (height, width) of the new picture.
        """
        moved = (None if item is None else item.affine(matrix, size) for item in self.items)
        return InstanceMasks(tuple(moved))

    def crop_to_grid(self, index: Tensor, boxes: Tensor, side: int) -> Tensor:
        """The mask targets of R regions: (R, side, side) float32 of 0 and 1, on the CPU.

        Args:
            index: (R,) int64, the instance each region is matched to.
            boxes: (R, 4) the regions.
            side: Cells along each side of the head's grid.
        """
        instances, regions = index.cpu().numpy(), boxes.detach().cpu().double().numpy()
        grids = np.zeros((len(instances), side, side), np.float32)
        for i in np.unique(instances):
            item, mine = self.items[i], instances == i
            if item is not None:
                grids[mine] = item.crop(regions[mine], side)
        return torch.from_numpy(grids)

    def shifted(self, x: int, y: int) -> "InstanceMasks":
        """Every mask carried by whole pixels to where there is room for all."""
        moved = (None if item is None else item.shifted(x, y) for item in self.items)
        return InstanceMasks(tuple(moved))

    def without(self, cover: NDArray[np.bool_]) -> "InstanceMasks":
        """What is left of each where (H, W) pixels of the picture are covered.

        Masks that are touched become bitmaps; the others are the same objects.
        """
        return InstanceMasks(tuple(_uncovered(item, cover) for item in self.items))

    @property
    def present(self) -> NDArray[np.bool_]:
        """(G,) whether an instance has a mask."""
        return np.array([item is not None for item in self.items], bool)

    def areas(self) -> Tensor:
        """(G,) float32 square pixels; 0 for an instance without a mask."""
        areas = [0.0 if item is None else item.area() for item in self.items]
        return torch.tensor(areas, dtype=torch.float32)


def _uncovered(
    item: PolygonMask | BitmapMask | None, cover: NDArray[np.bool_]
) -> PolygonMask | BitmapMask | None:
    if item is None:
        return None
    pixels = item.bitmap()
    hidden = pixels.part_of(cover) & (pixels.pixels > 0)
    if not hidden.any():
        return item
    left = np.where(hidden, np.uint8(0), pixels.pixels)
    return BitmapMask.from_full(left, pixels.x0, pixels.y0)


def _extents(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, 2) widths and heights."""
    return np.maximum(boxes[:, 2:] - boxes[:, :2], SMALLEST_BOX_SIDE)


def _ring_area(ring: NDArray[np.float64]) -> float:
    x, y = (ring - ring[:1]).T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
