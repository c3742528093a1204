"""What becomes of a classifier's probabilities before boxes are chosen by them: test-time only."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from longtail.config.base import Config


class AsTheyAre(Config):
    """Probabilities are used as the classifier gives them."""

    name: Literal["none"] = "none"


class NorCal(Config):
    """Softmax logits of frequent categories are lowered: Pan et al. 2021, Eq. 4.

    Background is left alone and the row is normalised again.
    """

    name: Literal["norcal"] = "norcal"
    gamma: NonNegativeFloat = 0.6
    """Power of the category's number of training images; 0 changes nothing."""


class LogitAdjustment(Config):
    """The log of a category's share of the training instances is taken off its softmax logit: Menon
    et al. 2021, section 4.1. Background is left alone."""

    name: Literal["logit_adjustment"] = "logit_adjustment"
    tau: NonNegativeFloat = 1.0
    """Factor of that logarithm; 0 changes nothing."""


ScoreAdjustment = Annotated[AsTheyAre | NorCal | LogitAdjustment, Field(discriminator="name")]


class HeadMerge(Config):
    """How the original and the re-trained head of a calibrated classifier become one row of scores:
    classification calibration 2019 (report 004), section 2.2 and Table 6."""

    rule: Literal["only", "avg", "det", "cat", "cat_thr", "cat_scale"] = "cat"
    """`only` the new head; `avg` the mean of both; `det` the union of both detectors' outputs;
    `cat` the new head on tail categories, else the original; `cat_thr` and `cat_scale` as `cat`,
    with low scores dropped or with the new scores scaled."""
    tail_below: PositiveInt = 100
    """Categories with fewer training instances are the tail: 100 for ResNet-50, 10 for HTC."""
    threshold: float = Field(0.05, ge=0, lt=1)
    """`cat_thr`: new scores at or below it become 0."""
    scale: Literal["new_over_original", "original_over_new"] = "new_over_original"
    """`cat_scale`: ratio of the mean background scores that new scores are multiplied by."""
    scale_images: NonNegativeInt = 100
    """`cat_scale`: the means run over the proposals of so many images, the first of the set; 0
    takes those of each image by itself."""
