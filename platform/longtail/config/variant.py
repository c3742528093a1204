"""One experiment variant: everything that decides what a run computes."""

from typing import Any, ClassVar, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from longtail.config.base import Config
from longtail.config.combinations import check_scores, check_stages
from longtail.config.detector import Detector
from longtail.config.roi_stages import semantic_branch_of
from longtail.config.rules import Rules, check_rules
from longtail.config.scores import AsTheyAre, HeadMerge, ScoreAdjustment
from longtail.config.stages import Stage
from longtail.config.test_time.tta import TTA


class Data(Config):
    """What of the annotation files is used. The files themselves are inputs, not configuration."""

    use_images_without_annotations: bool = False
    """Whether training also sees images that have no instance."""


class Inference(Config):
    """Test-time settings: they make new predictions, not new training."""

    later: ClassVar[frozenset[str]] = frozenset({"bf16", "flip", "tta"})

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
    nms_candidates: PositiveInt = 1250
    """Pairs of a proposal and a category that enter suppression at a time, the best-scored first,
    until `detections_per_image` are kept or none is left: it changes the time, not the result."""
    mask_threshold: float = Field(0.5, gt=0, lt=1)
    """Pixels of at least this probability belong to a mask."""
    keep_soft_masks: bool = False
    """Also keep the grid of probabilities that each mask is made of, for ensembles to average."""
    images_per_batch: PositiveInt = 4
    """Images predicted together."""
    score_adjustment: ScoreAdjustment = AsTheyAre()
    """What becomes of a softmax classifier's probabilities before boxes are chosen by them."""
    head_merge: HeadMerge = HeadMerge()
    """How a calibrated classifier's two rows of scores become one."""
    bf16: bool = False
    """bf16 autocast where the device is a GPU; CPUs always compute in float32."""
    flip: bool = False
    """See every image flipped from left to right; detections are flipped back."""
    tta: TTA | None = None
    """See every image at several scales and flipped; null sees it once."""

    def views(self) -> tuple["Inference", ...]:
        """How each view of a union is predicted, scale by scale, flipped after unflipped; none
        where the image is seen once, or where views share their proposals."""
        tta = self.tta
        if tta is None or not tta.is_union:
            return ()
        soft = self.keep_soft_masks and tta.masks == "own"
        plain = self.replace(tta=None, keep_soft_masks=soft)
        return tuple(
            plain.replace(short_side=of.short_side, long_side_cap=of.long_side_cap, flip=flip)
            for of in tta.scales
            for flip in ((False, True) if tta.horizontal_flip else (False,))
        )

    def identity(self) -> dict[str, Any]:
        """What names the predictions: all settings that change them, but for soft masks that are
        not kept."""
        tree = self.named_tree()
        del tree["nms_candidates"]
        if self.tta is not None:
            del tree["short_side"], tree["long_side_cap"]
        if not self.keep_soft_masks:
            # Predictions made before there was such a setting are the same.
            del tree["keep_soft_masks"]
        return tree

    @model_validator(mode="after")
    def _sees_views_in_one_way(self) -> Self:
        if self.tta is None:
            return self
        if self.flip:
            raise ValueError(
                "flip: true, but tta says which views are flipped; set inference.flip=false, or"
                " inference.tta=null"
            )
        merge = self.head_merge
        if not self.tta.is_union and merge.rule == "cat_scale" and merge.scale_images:
            raise ValueError(
                f"head_merge.scale_images {merge.scale_images}: tta.boxes shared_proposals measures"
                " no means over a set of images; set inference.head_merge.scale_images=0, which"
                " takes each image's own, or inference.tta.boxes=union"
            )
        return self


class Variant(Config):
    """A row of an ablation: a detector, the stages that train it, and how it predicts."""

    detector: Detector = Detector()
    data: Data = Data()
    stages: tuple[Stage, ...] = (Stage(),)
    inference: Inference = Inference()
    seed: NonNegativeInt = 0
    """Of the initial weights, the order of images, augmentation and sampling."""
    external_data: bool = False
    """Whether it learns from annotations other than the training file's, by `detector.weights` for
    instance. It is a declaration, and no part of what a run computes."""
    rules: Rules = "none"
    """The challenge whose rules it must keep; `2020` refuses external data."""

    def identity(self) -> dict[str, Any]:
        """All settings that change what is trained and predicted."""
        tree = self.named_tree()
        del tree["inference"]["nms_candidates"]
        return tree

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        check_stages(self.stages)
        inference = self.inference
        last = self.stages[-1].classifier
        check_scores(last, inference.score_adjustment, inference.head_merge)
        semantic = semantic_branch_of(self.detector.roi_stages)
        check_rules(
            self.rules,
            self.external_data,
            semantic_branch=semantic is not None,
            other_files=self._fields_of_other_files(),
        )
        return self

    def _fields_of_other_files(self) -> list[str]:
        return [
            f"stages.{number}.{field}"
            for number, stage in enumerate(self.stages)
            for field in ("joined", "ignore")
            if getattr(stage, field)
        ]
