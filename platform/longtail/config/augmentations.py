"""How training images are changed: transforms, each drawn anew for each image."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from longtail.config.base import Config


class Resize(Config):
    """The short side gets one of several lengths, and the picture keeps its shape."""

    name: Literal["resize"] = "resize"
    short_sides: tuple[PositiveInt, ...] = Field((640, 672, 704, 736, 768, 800), min_length=1)
    """The short side is resized to one of these, drawn per image, in pixels."""
    long_side_cap: PositiveInt = 1333
    """The long side is at most this; the short one shrinks with it."""


class HorizontalFlip(Config):
    """Left and right are exchanged."""

    name: Literal["horizontal_flip"] = "horizontal_flip"
    probability: float = Field(0.5, ge=0, le=1)
    """Share of the images that are flipped."""


Augmentation = Annotated[Resize | HorizontalFlip, Field(discriminator="name")]
