"""What the RoI heads learn from in one image.

G instances, S source images (1 unless images are mixed), I ignore boxes, K categories, R regions.
Boxes are xyxy in pixels of the network's input; background is label K.
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class MaskTargets(Protocol):
    """Instance masks in whatever form the data keeps them."""

    def crop_to_grid(self, index: Tensor, boxes: Tensor, side: int) -> Tensor:
        """(R, side, side) float32 of 0 and 1, on the CPU: the part of each mask inside its box.

        Args:
            index: (R,) int64, the instance of each region.
            boxes: (R, 4) the regions.
            side: Cells along each side of the grid.
        """
        ...

    def areas(self) -> Tensor:
        """(G,) float32 square pixels of the network's input, on the CPU; 0 for an instance without
        a mask."""
        ...


@dataclass(frozen=True)
class RoITargets:
    """One image's instances, on the device of the model.

    Attributes:
        boxes: (G, 4) float32.
        labels: (G,) int64 in 0..K-1.
        masks: The G instances' masks.
        verified: (S, K) bool, S >= 1: the category is known to be present or absent in the source.
        source: (G,) int64, the row of `verified` an instance came from.
        ignore_boxes: (I, 4) float32.
        ignore_weights: (I,) float32, the weight of background RoIs that lie on an ignore box.
        has_masks: False where instances are annotated with boxes only.
        loss_weight: Factor of the image's losses, but for those of classes in the whole picture.
        drawn_category: Label in 0..K-1 whose RoIs alone are foreground; None takes all instances.
        background_per_foreground: Background RoIs for each foreground RoI, where `drawn_category`
            is given.
        semantic: (H, W) uint8, the class of each pixel of the network's input without padding, or
            255; None where nothing is labelled.
        regions: (S, 4) float32, the part of the picture that shows each source, of no extent for
            one of which single instances were taken; None where the only source is all of it.
        ignore_proposals: (I,) bool, whether background anchors count less there too; None where
            they never do.
        ignore_labels: (I,) int64 in 0..K-1, the only category whose loss is meant, or -1 for all;
            None where all are.
    """

    boxes: Tensor
    labels: Tensor
    masks: MaskTargets
    verified: Tensor
    source: Tensor
    ignore_boxes: Tensor
    ignore_weights: Tensor
    has_masks: bool = True
    loss_weight: float = 1.0
    drawn_category: int | None = None
    background_per_foreground: float = 1.0
    semantic: Tensor | None = None
    regions: Tensor | None = None
    ignore_proposals: Tensor | None = None
    ignore_labels: Tensor | None = None
