"""What the RoI heads do that is no layer: from a detector's configuration."""

from dataclasses import dataclass
from typing import Literal

from longtail.config.detector import Detector
from longtail.config.roi_stages import HybridTaskCascade, OneStage
from longtail.models.boxes import CODING_WEIGHTS
from longtail.models.roi_heads.box_stage import StageRules
from longtail.models.roi_heads.mask_branch import MaskLossFunction
from longtail.models.roi_heads.sampling import RoISampler


@dataclass(frozen=True)
class RoIRules:
    """What the heads do that is no layer.

    Attributes:
        stages: Of every stage of boxes.
        smooth_l1_beta: See `box_regression_loss`.
        mask_loss: What masks learn by.
        masks_by_ratio: See `MaskBranch.by_ratio`.
        later_rois: See `BoxBranch`.
        averaged: See `BoxBranch`.
        interleaved: See `BoxBranch`.
    """

    stages: tuple[StageRules, ...]
    smooth_l1_beta: float
    mask_loss: MaskLossFunction
    masks_by_ratio: bool = False
    later_rois: Literal["sampled", "all"] = "sampled"
    averaged: Literal["logits", "probabilities"] = "logits"
    interleaved: bool = False


def roi_rules(detector: Detector, num_categories: int, mask_loss: MaskLossFunction) -> RoIRules:
    """The rules of a detector's heads."""
    box, stages = detector.box_head, detector.roi_stages
    scale = box.regression_scale if box.regression == "convolutional" else 1.0

    def sampler(positive_iou: float) -> RoISampler:
        return RoISampler(num_categories, box.rois_per_image, box.positive_fraction, positive_iou)

    by_ratio = detector.mask_head.level == "area_and_ratio"
    if isinstance(stages, OneStage):
        only = StageRules(sampler(box.positive_iou), CODING_WEIGHTS, regression_scale=scale)
        return RoIRules((only,), box.smooth_l1_beta, mask_loss, by_ratio)
    gradient_scale = 1 / stages.num_stages if stages.scale_gradients else 1.0
    of_each = zip(stages.positive_ious, stages.coding_weights, stages.loss_weights, strict=True)
    return RoIRules(
        tuple(
            StageRules(sampler(iou), weights, factor, gradient_scale, scale)
            for iou, weights, factor in of_each
        ),
        box.smooth_l1_beta,
        mask_loss,
        by_ratio,
        later_rois=stages.later_rois,
        averaged=stages.averaged,
        interleaved=isinstance(stages, HybridTaskCascade) and stages.interleaved,
    )
