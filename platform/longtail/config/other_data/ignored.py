"""Files whose boxes say where background counts less."""

from typing import Literal

from pydantic import Field

from longtail.config.base import Config
from longtail.config.other_data.file_name import FileName


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
