"""What a stage learns from besides the training file: files that `--also NAME=FILE` gives."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from longtail.config.augmentations import Augmentation
from longtail.config.base import Config

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""What an annotation file is called: no part of what a run computes, which its content is."""


class JoinedFile(Config):
    """Images of another annotation file, learned from beside those of the training file.

    Categories are those of the training file by synset. Samplers, class statistics and partners of
    mixes go by the training file alone.
    """

    file: FileName
    """Name of a file given with `--also`."""
    images_per_epoch: PositiveInt | None = None
    """So many of its images are drawn anew for each epoch of the sampler; None takes all."""
    loss_weight: NonNegativeFloat = 1.0
    """lambda: factor of all losses of these images."""
    augmentations: tuple[Augmentation, ...] | None = None
    """What happens to these images; None does what happens to the training file's."""


class IgnoreBoxes(Config):
    """Boxes of another annotation file over the training images: background there counts less.

    They are the COCO-ignore of the EQL 2019 report, section 3.1 (0.5), and the ignored
    pseudo-labels of lvisTraveler 2020, section 2.1 (0, `proposals`).
    """

    file: FileName
    """Name of a file given with `--also`, of the same images."""
    weight: float = Field(0.5, ge=0, le=1)
    """beta: of background RoIs whose IoU with a box is over 0.5."""
    proposals: bool = False
    """Whether background anchors count less there too."""
    categories: Literal["all", "own"] = "all"
    """Which losses of a RoI are meant: of all categories, or of the box's own alone."""
