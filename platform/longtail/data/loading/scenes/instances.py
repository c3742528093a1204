"""The instances of a picture, and which of them are left when it changes.

G instances. Boxes are xyxy in continuous pixels, sizes are (height, width).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from longtail.data.loading.scenes.geometry import ROUNDING, Geometry, move_boxes
from longtail.data.loading.scenes.masks import InstanceMasks
from longtail.data.lvis.clipping import clip_boxes

LEAST_SHARE = 0.1
LEAST_AREA = 4.0
"""Square pixels."""


@dataclass(frozen=True, eq=False)
class Instances:
    """What is annotated.

    An instance of which something was cut off or covered is dropped when less than a tenth of it
    or less than 4 square pixels are left: of its mask, or of its box where it has none. One that is
    whole stays as long as it has an area. The box of one that was cut, covered or turned is that of
    what is left of its mask; others keep the annotators' box.

    Attributes:
        boxes: (G, 4) float64.
        labels: (G,) int64 category indices 0..K-1.
        masks: Their masks.
        source: (G,) int64, which of the picture's sources each came from.
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    masks: InstanceMasks
    source: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def joined(cls, parts: Sequence["Instances"]) -> Self:
        """Those of all parts, of which there is at least one, in their order."""
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.labels for part in parts]),
            InstanceMasks(tuple(item for part in parts for item in part.masks.items)),
            np.concatenate([part.source for part in parts]),
        )

    def take(self, index: NDArray[np.int64]) -> "Instances":
        """Those at these positions, in their order."""
        masks = self.masks.take(index.tolist())
        return Instances(self.boxes[index], self.labels[index], masks, self.source[index])

    def moved(self, geometry: Geometry) -> "Instances":
        """Carried to the new picture and cut to it."""
        masks = self.masks.affine(geometry.matrix, geometry.size)
        whole = move_boxes(self.boxes, geometry.matrix)
        moved = replace(self, boxes=clip_boxes(whole, geometry.size), masks=masks)
        around = move_boxes(self._boxes_around(), geometry.matrix)
        beyond = np.abs(clip_boxes(around, geometry.size) - around).max(axis=1)
        cut = beyond > ROUNDING * max(geometry.size)
        # A turned box is larger than what it held; a mask is not.
        of_boxes = box_areas(whole)
        before = np.where(self.masks.present, self.areas() * geometry.scale, of_boxes)
        tight = cut if geometry.is_upright else np.ones_like(cut)
        return moved._left_over(tight, cut, before, moved.areas())

    def shifted(self, x: int, y: int) -> "Instances":
        """Carried by whole pixels to where there is room for all."""
        return replace(self, boxes=np.add(self.boxes, [x, y, x, y]), masks=self.masks.shifted(x, y))

    def covered(self, cover: NDArray[np.bool_]) -> "Instances":
        """What is left where (H, W) pixels of the picture are covered by something in front."""
        masks = self.masks.without(cover)
        pairs = zip(masks.items, self.masks.items, strict=True)
        cut = np.array([item is None or item is not old for item, old in pairs], bool)
        left = replace(self, masks=masks)
        return left._left_over(cut, cut, self.areas(), self._seen(masks, cover))

    def not_hidden(self, cover: NDArray[np.bool_]) -> "Instances":
        """Those of which enough is left where pixels are covered, as if nothing were."""
        seen, areas = self._seen(self.masks.without(cover), cover), self.areas()
        return self.take(np.flatnonzero(~_vanishes(areas, seen)))

    def areas(self) -> NDArray[np.float64]:
        """(G,) square pixels of the masks, or of the boxes where there is no mask."""
        masks = self.masks.items
        areas = [0.0 if mask is None else mask.area() for mask in masks]
        return np.where(self.masks.present, np.array(areas), box_areas(self.boxes))

    def _boxes_around(self) -> NDArray[np.float64]:
        """(G, 4) around both the annotators' box and the mask, which may leave it."""
        boxes = self.boxes.copy()
        for box, mask in zip(boxes, self.masks.items, strict=True):
            bounds = np.zeros(4) if mask is None else mask.bounds()
            if (bounds[2:] > bounds[:2]).all():
                box[:] = *np.minimum(box[:2], bounds[:2]), *np.maximum(box[2:], bounds[2:])
        return boxes

    def _seen(self, masks: InstanceMasks, cover: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(G,) square pixels that are left of the masks, or of the boxes where there is none."""
        shares = np.array([_share_seen(box, cover) for box in self.boxes])
        boxes = shares * box_areas(self.boxes)
        return np.where(masks.present, masks.areas().numpy().astype(np.float64), boxes)

    def _left_over(
        self,
        changed: NDArray[np.bool_],
        cut: NDArray[np.bool_],
        before: NDArray[np.float64],
        left: NDArray[np.float64],
    ) -> "Instances":
        """Without those that vanished, and with tight boxes of the masks that changed.

        Args:
            changed: (G,) its box may not be that of its mask any more.
            cut: (G,) something may have been cut off or covered.
            before: (G,) the area of the whole instance in the new picture.
            left: (G,) what is seen of it.
        """
        boxes = self.boxes.copy()
        for i in np.flatnonzero(changed & self.masks.present).tolist():
            boxes[i] = self.masks.items[i].bounds()  # type: ignore[union-attr]
        there = (boxes[:, 2:] > boxes[:, :2]).all(axis=1) & (left > 0)
        gone = cut & _vanishes(before, left)
        return replace(self, boxes=boxes).take(np.flatnonzero(there & ~gone))


def box_areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(G,) square pixels."""
    areas: NDArray[np.float64] = (boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1)
    return areas


def _vanishes(before: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(G,) whether something was lost and too little is left."""
    lost = left < before * (1 - ROUNDING)
    return lost & ((left < LEAST_SHARE * before) | (left < LEAST_AREA))


def _share_seen(box: NDArray[np.float64], cover: NDArray[np.bool_]) -> float:
    """Share of the pixels that a box touches which are not covered."""
    x0, y0 = np.floor(box[:2]).astype(int)
    x1, y1 = np.ceil(box[2:]).astype(int)
    part = cover[y0:y1, x0:x1]
    return float((~part).mean()) if part.size else 0.0
