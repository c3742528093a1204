"""Masks at given boxes, averaged over views on the grids of the mask heads. N images, D boxes.

Source: mask voting of the reports 002 (Table 2) and 003 (Table 4), multi-scale mask testing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from longtail.engines.base import Engine, SeenImages
from longtail.inference.tta.views import View
from longtail.models.roi_heads.mask_branch import FoundMasks


@dataclass(frozen=True)
class GivenBoxes:
    """The boxes of one image whose masks are wanted.

    Attributes:
        boxes: (D, 4) float32 xyxy in pixels of a picture of size `frame`, unflipped.
        labels: (D,) int64 in 0..K-1.
        frame: (height, width) of any copy of the picture.
        short_sides: (D,) the scale that each box takes its mask from; None for all scales.
    """

    boxes: Tensor
    labels: Tensor
    frame: tuple[int, int]
    short_sides: Tensor | None = None

    def rows_of(self, view: View) -> Tensor:
        """Which boxes a view makes masks of."""
        if self.short_sides is None:
            return torch.arange(len(self.labels), device=self.labels.device)
        return torch.nonzero(self.short_sides == view.scale.short_side).flatten()


@torch.no_grad()
def averaged_masks(
    engine: Engine, seen: Iterable[tuple[View, SeenImages]], given: Sequence[GivenBoxes]
) -> list[FoundMasks]:
    """The mean over the views of the masks at each box, flipped back, and of their quality.

    Args:
        engine: In evaluation mode.
        seen: The batch in each view; every box is wanted of one of them or more.
        given: The boxes of each of the N images.
    """
    sums: list[FoundMasks | None] = [None] * len(given)
    counts = [torch.zeros(len(of.labels), device=of.labels.device) for of in given]
    for view, batch in seen:
        rows = [of.rows_of(view) for of in given]
        if not any(map(len, rows)):
            continue
        boxes = [
            view.boxes_in(of.boxes[own], of.frame, size)
            for of, own, size in zip(given, rows, batch.sizes, strict=True)
        ]
        labels = [of.labels[own] for of, own in zip(given, rows, strict=True)]
        found = engine.roi_heads.masks_for(batch.features, boxes, labels)
        for i, (own, masks) in enumerate(zip(rows, found, strict=True)):
            straight = masks.probabilities.flip(-1) if view.flip else masks.probabilities
            sums[i] = _added(sums[i], len(counts[i]), own, straight, masks.quality)
            counts[i][own] += 1
    return [_mean(of, count) for of, count in zip(sums, counts, strict=True)]


def _added(
    before: FoundMasks | None, num_boxes: int, rows: Tensor, grids: Tensor, quality: Tensor
) -> FoundMasks:
    """The sums so far with those of one view's rows."""
    if before is None:
        nothing = grids.new_zeros(num_boxes, *grids.shape[1:])
        before = FoundMasks(nothing, quality.new_zeros(num_boxes))
    before.probabilities[rows] += grids
    before.quality[rows] += quality
    return before


def _mean(sums: FoundMasks | None, count: Tensor) -> FoundMasks:
    if sums is None:
        # No box in any image of the batch: the side of the grid does not matter.
        return FoundMasks(count.new_zeros(0, 1, 1), count.new_zeros(0))
    return FoundMasks(sums.probabilities / count[:, None, None], sums.quality / count)
