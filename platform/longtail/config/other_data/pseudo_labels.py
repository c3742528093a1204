"""What the stage before finds in pictures, as annotations that a stage learns from."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from longtail.config.augmentations import Augmentation
from longtail.config.base import Config
from longtail.config.other_data.file_name import FileName


class PseudoLabels(Config):
    """How the teacher, the stage before, predicts; other test-time settings are the defaults."""

    short_side: PositiveInt = 800
    """Pixels to which the short side of an image is resized."""
    long_side_cap: PositiveInt = 1333
    """The long side is at most this; the short one shrinks with it."""


class IgnoredPseudoLabels(PseudoLabels):
    """What it finds in the training images beside their annotations is no background:
    self-training (a) of lvisTraveler 2020, section 2.1, which states no numbers."""

    name: Literal["ignore"] = "ignore"
    min_score: float = Field(0.5, ge=0, le=1)
    """Detections of at least this score are kept."""
    max_iou: float = Field(0.1, ge=0, le=1)
    """Those that overlap an annotation of the image, of any category, by this IoU or more are not.
    """
    weight: float = Field(0.0, ge=0, le=1)
    """Of background RoIs whose IoU with one of them is over 0.5."""
    proposals: bool = True
    """Whether background anchors count less there too."""
    categories: Literal["all", "own"] = "all"
    """Which losses of a RoI are meant: of all categories, or of the one that was found."""


class LearnedPseudoLabels(PseudoLabels):
    """What it finds in the images of another file is learned from beside the training file:
    self-training (b) of lvisTraveler 2020, section 2.1, and the COCO images of Alibaba 2020,
    section 4.1. Annotations of that file are not read."""

    name: Literal["learn"] = "learn"
    file: FileName
    """Name of a file given with `--also`."""
    min_score: float = Field(0.8, ge=0, le=1)
    """Detections of at least this score are kept; 0.8 is Alibaba's."""
    needs_rare: bool = False
    """Whether only images with at least one kept detection of a rare category are kept: Alibaba's
    rule."""
    masks: bool = True
    """Whether masks are learned too, or boxes alone."""
    images_per_epoch: PositiveInt | None = None
    """So many of the kept images are drawn anew for each epoch; lvisTraveler draws 10,000. None
    takes all, and so does a number above theirs."""
    loss_weight: NonNegativeFloat = 1.0
    """lambda: factor of all losses of these images; lvisTraveler does not state its value."""
    augmentations: tuple[Augmentation, ...] | None = None
    """What happens to these images; None does what happens to the training file's."""


AnyPseudoLabels = Annotated[IgnoredPseudoLabels | LearnedPseudoLabels, Field(discriminator="name")]
