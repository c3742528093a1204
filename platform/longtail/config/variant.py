"""One experiment variant: everything that decides what a run computes."""

from typing import Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from longtail.config.base import Config
from longtail.config.detector import Detector
from longtail.config.stages import Stage


class Data(Config):
    """What of the annotation files is used. The files themselves are inputs, not configuration."""

    use_images_without_annotations: bool = False
    """Whether training also sees images that have no instance."""


class Inference(Config):
    """Test-time settings: they make new predictions, not new training."""

    short_side: PositiveInt = 800
    """Pixels to which the short side of a test image is resized."""
    long_side_cap: PositiveInt = 1333
    """The long side is at most this; the short one shrinks with it."""
    score_threshold: float = Field(1e-4, ge=0, lt=1)
    """Detections of lower score are dropped; a high one costs rare categories their AP."""
    nms_iou: float = Field(0.5, gt=0, le=1)
    """Detections of a category that overlap more are suppressed."""
    detections_per_image: PositiveInt = 300
    """Best-scored detections that are kept, over all categories."""
    mask_threshold: float = Field(0.5, gt=0, lt=1)
    """Pixels of at least this probability belong to a mask."""
    images_per_batch: PositiveInt = 4
    """Images predicted together."""


class Variant(Config):
    """A row of an ablation: a detector, the stages that train it, and how it predicts."""

    detector: Detector = Detector()
    data: Data = Data()
    stages: tuple[Stage, ...] = (Stage(),)
    inference: Inference = Inference()
    seed: NonNegativeInt = 0
    """Of the initial weights, the order of images, augmentation and sampling."""

    @model_validator(mode="after")
    def _stages_follow_from_each_other(self) -> Self:
        if not self.stages:
            raise ValueError("stages: a variant needs at least one stage")
        first, *later = self.stages
        if first.recreate:
            raise ValueError("stages.0.recreate: the first stage has nothing to re-create")
        for number, stage in enumerate(later, start=1):
            before = self.stages[number - 1].classifier.name
            changed = stage.classifier.name != before
            if changed and "classifier" not in stage.recreate:
                raise ValueError(
                    f"stages.{number}.recreate: the classifier changes from {before} to"
                    f" {stage.classifier.name}; add 'classifier'"
                )
        return self
