"""What the boxes of all views of an image go through, category by category."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from longtail.config.base import Config

Share = Annotated[float, Field(ge=0, le=1)]


class HardNMS(Config):
    """Boxes of a category that overlap a better one by more are dropped."""

    name: Literal["nms"] = "nms"
    iou: Share = 0.5
    """At exactly this overlap both stay."""


class Softening(Config):
    """How boxes that overlap a better one of their category lose score: Bodla et al. 2017."""

    decay: Literal["gaussian", "linear"] = "gaussian"
    """Factors of the score: exp(-IoU^2 / sigma), or 1 - IoU where IoU is over `iou`."""
    sigma: PositiveFloat = 0.5
    """Width of the Gaussian."""
    iou: Share = 0.5
    """Overlap over which linear decay begins."""
    min_score: Share = 1e-3
    """Boxes whose score is or falls lower are dropped."""


class SoftNMS(Softening):
    """Every box stays, with less score the more it overlaps better ones."""

    name: Literal["soft_nms"] = "soft_nms"


class NMSThenSoftNMS(Softening):
    """Hard suppression, then soft suppression of what it leaves: report 000, modification 3."""

    name: Literal["nms_then_soft_nms"] = "nms_then_soft_nms"
    first_iou: Share = 0.7
    """Threshold of the hard suppression."""


Suppression = Annotated[HardNMS | SoftNMS | NMSThenSoftNMS, Field(discriminator="name")]
