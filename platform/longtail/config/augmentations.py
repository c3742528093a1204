"""How training images are changed: transforms, each drawn anew for each image.

Those here need the picture alone; `longtail.config.mixing` has those that mix several.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from longtail.config.base import Config, check_order
from longtail.config.mixing import BalancedMosaic, CopyPaste, InstanceJitter, Mosaic


class Resize(Config):
    """The short side gets one of several lengths, and the picture keeps its shape."""

    name: Literal["resize"] = "resize"
    short_sides: tuple[PositiveInt, ...] = Field((640, 672, 704, 736, 768, 800), min_length=1)
    """The short side is resized to one of these, drawn per image, in pixels."""
    long_side_cap: PositiveInt = 1333
    """The long side is at most this; the short one shrinks with it."""


class MultiScale(Config):
    """The short side gets any length between two: the multi-scale training of EQL 2019, section
    4.1."""

    name: Literal["multi_scale"] = "multi_scale"
    smallest_side: PositiveInt = 400
    """Pixels of the short side, at least."""
    largest_side: PositiveInt = 1400
    """Pixels of the short side, at most."""
    long_side_cap: PositiveInt = 1400
    """The long side is at most this; the short one shrinks with it."""

    @model_validator(mode="after")
    def _sides_are_in_order(self) -> Self:
        check_order("smallest_side", self.smallest_side, "largest_side", self.largest_side)
        check_order("smallest_side", self.smallest_side, "long_side_cap", self.long_side_cap)
        return self


class ScaleJitter(Config):
    """Resized as at test time, and then by a factor: the scale jitter of lvisTraveler 2020."""

    name: Literal["scale_jitter"] = "scale_jitter"
    short_side: PositiveInt = 800
    """Pixels of the short side at a factor of 1."""
    long_side_cap: PositiveInt = 1333
    """The long side is at most this at a factor of 1; the short one shrinks with it."""
    smallest: PositiveFloat = 0.5
    """The factor is drawn uniformly from here on."""
    largest: PositiveFloat = 1.5
    """The factor is drawn uniformly up to here."""

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        check_order("smallest", self.smallest, "largest", self.largest)
        check_order("short_side", self.short_side, "long_side_cap", self.long_side_cap)
        return self


class LargeScaleJitter(Config):
    """Resized to fit a square by a factor of a wide range, then cut or filled up to that square:
    Ghiasi et al. 2021, Simple Copy-Paste, section 3.1."""

    name: Literal["large_scale_jitter"] = "large_scale_jitter"
    side: int = Field(1024, ge=1, le=8192)
    """Pixels of the square."""
    smallest: PositiveFloat = 0.1
    """The factor is drawn uniformly from here on."""
    largest: PositiveFloat = 2.0
    """The factor is drawn uniformly up to here."""

    @model_validator(mode="after")
    def _factors_are_in_order(self) -> Self:
        check_order("smallest", self.smallest, "largest", self.largest)
        return self


class Crop(Config):
    """A part of the picture at a random place."""

    name: Literal["crop"] = "crop"
    smallest: float = Field(0.5, gt=0, le=1)
    """Share of each side that is kept, at least; drawn for height and width apart."""
    largest: float = Field(1.0, gt=0, le=1)
    """Share of each side that is kept, at most."""
    probability: float = Field(1.0, ge=0, le=1)
    """Share of the images that are cut."""

    @model_validator(mode="after")
    def _shares_are_in_order(self) -> Self:
        check_order("smallest", self.smallest, "largest", self.largest)
        return self


class HorizontalFlip(Config):
    """Left and right are exchanged."""

    name: Literal["horizontal_flip"] = "horizontal_flip"
    probability: float = Field(0.5, ge=0, le=1)
    """Share of the images that are flipped."""


class Rotation(Config):
    """Turned around its centre in a frame of the same size; boxes are tight around the turned mask:
    lvisTraveler 2020, section 2.1 and row Tricks."""

    name: Literal["rotation"] = "rotation"
    degrees: float = Field(15.0, ge=0, le=180)
    """The angle is drawn uniformly between minus and plus this; the report gives none."""
    probability: float = Field(0.5, ge=0, le=1)
    """Share of the images that are turned."""


class ColourJitter(Config):
    """Brightness, contrast, saturation and hue change, in a random order."""

    name: Literal["colour_jitter"] = "colour_jitter"
    brightness: float = Field(0.4, ge=0, le=1)
    """The factor is drawn uniformly from 1 minus to 1 plus this."""
    contrast: float = Field(0.4, ge=0, le=1)
    """The factor is drawn uniformly from 1 minus to 1 plus this."""
    saturation: float = Field(0.4, ge=0, le=1)
    """The factor is drawn uniformly from 1 minus to 1 plus this."""
    hue: float = Field(0.0, ge=0, le=0.5)
    """Share of the colour circle that is added, drawn uniformly between minus and plus this."""
    probability: float = Field(1.0, ge=0, le=1)
    """Share of the images that are changed."""


class Blur(Config):
    """Gaussian blur."""

    name: Literal["blur"] = "blur"
    smallest_sigma: PositiveFloat = 0.1
    """Standard deviation in pixels, drawn uniformly from here on."""
    largest_sigma: PositiveFloat = 2.0
    """Standard deviation in pixels, drawn uniformly up to here."""
    probability: float = Field(0.5, ge=0, le=1)
    """Share of the images that are blurred."""

    @model_validator(mode="after")
    def _sigmas_are_in_order(self) -> Self:
        check_order("smallest_sigma", self.smallest_sigma, "largest_sigma", self.largest_sigma)
        return self


class Cutout(Config):
    """Grey rectangles hide parts of the picture: DeVries and Taylor 2017."""

    name: Literal["cutout"] = "cutout"
    fewest: PositiveInt = 1
    """Rectangles, at least."""
    most: PositiveInt = 3
    """Rectangles, at most."""
    smallest: float = Field(0.05, gt=0, lt=1)
    """Share of the picture's height and of its width that one takes, at least."""
    largest: float = Field(0.2, gt=0, lt=1)
    """Share of the picture's height and of its width that one takes, at most."""
    probability: float = Field(0.5, ge=0, le=1)
    """Share of the images that lose something."""

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        check_order("fewest", self.fewest, "most", self.most)
        check_order("smallest", self.smallest, "largest", self.largest)
        return self


Augmentation = Annotated[
    Resize
    | MultiScale
    | ScaleJitter
    | LargeScaleJitter
    | Crop
    | HorizontalFlip
    | Rotation
    | ColourJitter
    | Blur
    | Cutout
    | Mosaic
    | BalancedMosaic
    | CopyPaste
    | InstanceJitter,
    Field(discriminator="name"),
]
