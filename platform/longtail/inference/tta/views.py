"""The views of a batch: a picture at a scale, as it is or flipped. N images, D boxes.

Sizes are (height, width) in pixels, boxes xyxy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.tta import TTA
from longtail.data.loading.sample import Image
from longtail.inference.flip import flipped_boxes, flipped_image


@dataclass(frozen=True)
class View:
    """How a picture is seen.

    Attributes:
        scale: Its size.
        number: Index of the scale in the configuration.
        flip: Whether left and right are exchanged.
    """

    scale: ViewScale
    number: int
    flip: bool

    def images(self, at_scales: Sequence[Sequence[Image]]) -> list[Image]:
        """The N images as this view shows them.

        Args:
            at_scales: Of every scale the N images, unflipped.
        """
        images = at_scales[self.number]
        return [flipped_image(image) for image in images] if self.flip else list(images)

    def boxes_in(self, boxes: Tensor, frame: tuple[int, int], size: tuple[int, int]) -> Tensor:
        """(..., 4) boxes of the unflipped picture, where this view shows them.

        Args:
            boxes: (..., 4) in pixels of a picture of size `frame`.
            frame: Of any copy of the picture.
            size: Of the picture as the view shows it.
        """
        seen = rescaled(boxes, frame, size)
        return flipped_boxes(seen, size[1]) if self.flip else seen

    def boxes_out(self, boxes: Tensor, size: tuple[int, int], frame: tuple[int, int]) -> Tensor:
        """The inverse of `boxes_in`."""
        straight = flipped_boxes(boxes, size[1]) if self.flip else boxes
        return rescaled(straight, size, frame)


def views_of(tta: TTA) -> list[View]:
    """All views, scale by scale, flipped after unflipped: the order of `Inference.views`."""
    flips = (False, True) if tta.horizontal_flip else (False,)
    return [View(of, number, flip) for number, of in enumerate(tta.scales) for flip in flips]


def sizes_of(tta: TTA) -> list[tuple[int, int]]:
    """Short side and bound of the long side of every scale."""
    return [(of.short_side, of.long_side_cap) for of in tta.scales]


def rescaled(boxes: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """(..., 4) boxes carried from a picture to its resized copy; nothing is clipped, and those of a
    picture of the same size stay what they are."""
    if old == new:
        return boxes
    vertical, horizontal = new[0] / old[0], new[1] / old[1]
    return boxes * boxes.new_tensor([horizontal, vertical, horizontal, vertical])
