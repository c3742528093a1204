"""One image ready for a model, with what is known about it.

G instances, S source images (1 unless images are mixed), I ignore boxes, K categories. Boxes are
xyxy in pixels of `Image.pixels`; labels are contiguous category indices 0..K-1.
"""

from dataclasses import dataclass

from torch import Tensor

from longtail.data.loading.scenes.masks import InstanceMasks


@dataclass(frozen=True)
class Image:
    """An RGB picture, resized for the model.

    Attributes:
        pixels: (3, H, W) float32 in [0, 1].
        image_id: Id of the annotation file.
        original_size: (height, width) in pixels before resizing.
    """

    pixels: Tensor
    image_id: int
    original_size: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of `pixels`."""
        return self.pixels.shape[-2], self.pixels.shape[-1]


@dataclass(frozen=True)
class VerifiedCategories:
    """What annotators checked in one source image: category indices, each (n,) int64.

    Attributes:
        present: Categories with at least one instance in the image (EQL's S_P).
        absent: Categories known not to be there, its `neg_category_ids` (EQL's S_N).
    """

    present: Tensor
    absent: Tensor


@dataclass(frozen=True)
class Sample:
    """A training image with its targets.

    Attributes:
        image: The picture.
        boxes: (G, 4) float32.
        labels: (G,) int64.
        masks: The instances' masks in the same pixels as `boxes`.
        source: (G,) int64, which of `verified` an instance came from.
        verified: One per source image.
        ignore_boxes: (I, 4) float32, regions whose unmatched proposals count less.
        ignore_weights: (I,) float32 in [0, 1], that smaller weight.
        has_masks: False for images annotated with boxes only: their mask loss is zero.
        loss_weight: Factor of the image's losses, but for those of classes in the whole picture.
        drawn_category: Label whose instances alone are foreground; None learns from all.
        background_per_foreground: Background RoIs for each foreground RoI, where `drawn_category`
            is given.
        semantic: (H, W) uint8, the class of each pixel or 255; None where nothing is labelled.
        regions: (S, 4) float32, the part of the picture that shows each source, of no extent for
            one of which single instances were taken; None where the only source is all of it.
        ignore_proposals: (I,) bool, whether background anchors count less there too; None where
            they never do.
        ignore_labels: (I,) int64, the only category whose loss is meant, or -1 for all; None where
            all are.
        joined_from: Name of the file it is from; None for the training file.
    """

    image: Image
    boxes: Tensor
    labels: Tensor
    masks: InstanceMasks
    source: Tensor
    verified: tuple[VerifiedCategories, ...]
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
    joined_from: str | None = None
