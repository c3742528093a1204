"""Sizes at which test images are seen, and the objects that each is trusted with.

Source: scale-adaptive merging of the reports 000 (lvisTraveler 2020, test-time modification 1) and
002 (Alibaba 2020, section 4.2): detections of large test images are kept for small objects only,
and those of small ones for large objects. The reports give no ranges.
"""

from collections.abc import Sequence
from typing import Self

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from longtail.config.base import Config


class ViewScale(Config):
    """A size at which test images are seen, and the objects whose detections it is trusted with."""

    short_side: PositiveInt = 800
    """Pixels to which the short side is resized."""
    long_side_cap: PositiveInt = 1333
    """The long side is at most this; the short one shrinks with it."""
    smallest: NonNegativeFloat = 0.0
    """Boxes whose side, sqrt(width * height) in pixels of the original image, is smaller are left
    out; at exactly this they stay."""
    largest: PositiveFloat | None = None
    """Boxes of this side and larger ones are left out; null keeps all of them."""

    @model_validator(mode="after")
    def _holds_a_size(self) -> Self:
        if self.largest is not None and self.largest <= self.smallest:
            raise ValueError(
                f"scale {self.short_side}: largest {self.largest:g} is not over smallest"
                f" {self.smallest:g}, so that no box is left; exchange or widen them"
            )
        return self

    @property
    def is_everything(self) -> bool:
        """Whether boxes of every size stay."""
        return self.smallest == 0 and self.largest is None


def check_coverage(scales: Sequence[ViewScale]) -> None:
    """Check that every object size is some scale's.

    Raises:
        ValueError: A size is left out.
    """
    reached: float | None = 0.0
    for scale in sorted(scales, key=lambda scale: scale.smallest):
        if reached is None:
            break
        if scale.smallest > reached:
            raise ValueError(_gap(scales, reached, f"{scale.smallest:g}"))
        reached = None if scale.largest is None else max(reached, scale.largest)
    if reached is not None:
        raise ValueError(_gap(scales, reached, "the largest"))


def _gap(scales: Sequence[ViewScale], low: float, high: str) -> str:
    ranges = ", ".join(
        f"{scale.short_side} from {scale.smallest:g} to"
        f" {'any' if scale.largest is None else f'{scale.largest:g}'}"
        for scale in scales
    )
    return (
        f"tta.scales: no scale takes boxes with a side from {low:g} to {high} pixels ({ranges});"
        " widen one of them"
    )
