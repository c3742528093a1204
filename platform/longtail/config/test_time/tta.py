"""Test-time augmentation: several views of an image, and how what they find becomes one result.

A view is a picture at a test scale, as it is or flipped. Sources: the reports 000 (lvisTraveler
2020: its four test-time modifications), 002 (Alibaba 2020: Table 2) and 003 (EQL team 2019: Table
4), which give sizes and steps but neither ranges nor margins.
"""

from typing import Literal, Self

from pydantic import NonNegativeFloat, model_validator

from longtail.config.base import Config
from longtail.config.test_time.scales import ViewScale, check_coverage
from longtail.config.test_time.suppression import HardNMS, Suppression


class TTA(Config):
    """Test-time augmentation: which views there are, and how they become one result.

    `score_threshold`, `detections_per_image` and `mask_threshold` of the inference hold for the
    result; each view is predicted with all its other settings. Their `short_side` and
    `long_side_cap` are not used.
    """

    scales: tuple[ViewScale, ...] = (ViewScale(),)
    """Sizes at which every image is seen."""
    horizontal_flip: bool = True
    """See each of them flipped, too."""
    boxes: Literal["union", "shared_proposals"] = "union"
    """`union`: the detections of all views, less those that overlap a better one.
    `shared_proposals`: every view scores and refines the proposals of all; scores and boxes are
    averaged."""
    suppression: Suppression = HardNMS()
    """What the union goes through, category by category."""
    rare_margin: NonNegativeFloat = 0.0
    """Added to the scores of rare categories while an image's detections compete for its
    `detections_per_image`; scores stay. Report 003 has 0.1 in its ensemble."""
    common_margin: NonNegativeFloat = 0.0
    """The same of common categories; report 003 has 0.05."""
    masks: Literal["own", "vote", "by_scale"] = "own"
    """`own`: that of the view that found the box. `vote`: the mask heads of all views at the box,
    probabilities averaged. `by_scale`: the same over the views of the scale that suits the object's
    size and area ratio."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        self._check_scales()
        if self.common_margin > self.rare_margin:
            raise ValueError(
                f"tta.common_margin {self.common_margin:g} is over tta.rare_margin"
                f" {self.rare_margin:g}; rare categories need at least as much"
            )
        if self.boxes == "shared_proposals":
            self._check_shared_proposals()
        if self.masks == "by_scale" and len(self.scales) == 1:
            raise ValueError(
                "tta.masks by_scale: there is one scale, so nothing to choose from; add scales, or"
                " set tta.masks=vote"
            )
        return self

    @property
    def is_union(self) -> bool:
        """Whether views are predicted by themselves."""
        return self.boxes == "union"

    @property
    def num_views(self) -> int:
        """How often every image is seen."""
        return len(self.scales) * (1 + self.horizontal_flip)

    def _check_scales(self) -> None:
        if not self.scales:
            raise ValueError("tta.scales: none; give at least one, or set tta=null")
        seen: set[tuple[int, int]] = set()
        for scale in self.scales:
            size = scale.short_side, scale.long_side_cap
            if size in seen:
                raise ValueError(
                    f"tta.scales: {size[0]} x {size[1]} is there twice, and would count double;"
                    " leave one out"
                )
            seen.add(size)
        check_coverage(self.scales)

    def _check_shared_proposals(self) -> None:
        if any(not scale.is_everything for scale in self.scales):
            raise ValueError(
                "tta.boxes shared_proposals: scores of all views are averaged, so that no scale can"
                " be trusted with some sizes only; remove smallest and largest of the scales, or"
                " set tta.boxes=union"
            )
        if self.suppression != HardNMS():
            raise ValueError(
                f"tta.suppression {self.suppression.name}: with tta.boxes shared_proposals boxes"
                " are chosen as in a plain prediction, by inference.nms_iou; leave it at its"
                " default, or set tta.boxes=union"
            )
        if self.rare_margin:
            raise ValueError(
                f"tta.rare_margin {self.rare_margin:g}: with tta.boxes shared_proposals an image's"
                " places go by scores alone; set the margins to 0, or tta.boxes=union"
            )
        if self.masks == "own":
            raise ValueError(
                "tta.masks own: with tta.boxes shared_proposals a box is no single view's; set"
                " tta.masks=vote or tta.masks=by_scale"
            )
