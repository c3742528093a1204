"""Transforms that mix training pictures. A partner has been through what stands before the mix."""

from typing import Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from longtail.config.base import Config, check_order


class Mixing(Config):
    """What all of them have."""

    probability: float = Field(0.5, ge=0, le=1)
    """Share of the images that are mixed."""
    partners: Literal["uniform", "repeat_factor"] = "uniform"
    """Which pictures are drawn besides, with replacement: each alike, or by their repeat factors,
    p = r / sum r."""
    repeat_threshold: float = Field(1e-3, gt=0, le=1)
    """t of the repeat factors; counts with `partners` repeat_factor."""

    @property
    def drawn_by(self) -> float | None:
        """The threshold of repeat factors that partners are drawn by; None for uniform."""
        return self.repeat_threshold if self.partners == "repeat_factor" else None

    @property
    def num_partners(self) -> float:
        """Expected number of further pictures that an image shows: 3 where it is mixed."""
        return 3 * self.probability


class Mosaic(Mixing):
    """The picture and three others around a random centre of a canvas of twice its sides:
    lvisTraveler 2020, section 2.1; `partners` repeat_factor is that of its row Tricks."""

    name: Literal["mosaic"] = "mosaic"
    smallest_centre: float = Field(0.25, ge=0, le=1)
    """Share of the canvas where the centre lies, at least; drawn for height and width apart."""
    largest_centre: float = Field(0.75, ge=0, le=1)
    """Share of the canvas where the centre lies, at most."""

    @model_validator(mode="after")
    def _centres_are_in_order(self) -> Self:
        bounds = "smallest_centre", self.smallest_centre, "largest_centre", self.largest_centre
        check_order(*bounds)
        return self


class BalancedMosaic(Mixing):
    """Algorithm 1 of Alibaba 2020: the picture and three drawn by repeat factors, all resized by
    the one scale that the first one's shape gives, side by side and whole. Crop, flip and colour
    jitter follow in the report: list them behind it."""

    name: Literal["balanced_mosaic"] = "balanced_mosaic"
    probability: float = Field(1.0, ge=0, le=1)
    """Share of the images that are mixed; the others are resized alone."""
    partners: Literal["uniform", "repeat_factor"] = "repeat_factor"
    """Which pictures are drawn besides: by their repeat factors in the report."""
    short_sides: tuple[PositiveInt, ...] = Field(tuple(range(600, 1001, 40)), min_length=1)
    """The first picture's short side is resized to one of these, in pixels."""
    long_side_cap: PositiveInt = 1400
    """No long side is more than this; where one would be, all four pictures shrink alike."""


class CopyPaste(Mixing):
    """A random subset of another picture's instances is pasted over this one: Ghiasi et al. 2021,
    Simple Copy-Paste."""

    name: Literal["copy_paste"] = "copy_paste"
    instance_probability: float = Field(0.5, gt=0, le=1)
    """Share of the other picture's instances that are pasted."""

    @property
    def num_partners(self) -> float:
        """See `Mixing`: a pasted share of its instances counts as that share of a picture."""
        return self.probability * self.instance_probability


class InstanceJitter(Config):
    """Instances are cut out, the hole is filled in, and they are put back near by, scaled and
    turned a little: after InstaBoost, Fang et al. 2019, of lvisTraveler 2020, Table 2."""

    name: Literal["instance_jitter"] = "instance_jitter"
    probability: float = Field(0.5, ge=0, le=1)
    """Share of the images in which instances are moved."""
    smallest: PositiveFloat = 0.8
    """Factor of an instance's size, drawn uniformly from here on."""
    largest: PositiveFloat = 1.2
    """Factor of an instance's size, drawn uniformly up to here."""
    shift: float = Field(1 / 15, ge=0, le=1)
    """Largest shift, as a share of the instance's width and of its height."""
    degrees: float = Field(1.0, ge=0, le=180)
    """The angle is drawn uniformly between minus and plus this."""

    @model_validator(mode="after")
    def _factors_are_in_order(self) -> Self:
        check_order("smallest", self.smallest, "largest", self.largest)
        return self
