"""Every kind of RoI heads that a detector may name, at toy size.

A stage, a classifier or an option of the heads that joins the configuration is tested with the
others.
"""

from support.every_classifier import single_classifiers

from longtail.config import classifiers as config
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.roi_stages import (
    BalancedMask,
    Cascade,
    GlobalContext,
    HybridTaskCascade,
    OneStage,
    RoIStages,
    SemanticBranch,
)

WIDTH = 32
"""Channels of the pyramid: what a double head's norms need."""
DETECTOR = Detector(
    neck_channels=WIDTH,
    box_head=BoxHead(rois_per_image=8, channels=128, pool_size=4),
    mask_head=MaskHead(channels=8, convolutions=1, pool_size=4),
)
STAGES: dict[str, RoIStages] = {
    "standard": OneStage(),
    "cascade": Cascade(),
    "cascade with one mask head": Cascade(
        mask_heads="one", later_rois="all", averaged="probabilities", scale_gradients=True
    ),
    "cascade with boxes of categories": Cascade(class_specific_boxes=True),
    "htc": HybridTaskCascade(),
    "htc that is not interleaved": HybridTaskCascade(
        interleaved=False, mask_information_flow=False
    ),
    "htc with a semantic branch": HybridTaskCascade(
        semantic=SemanticBranch(num_categories=4, convolutions=1)
    ),
    "htc-lite": HybridTaskCascade(global_context=GlobalContext(convolutions=1)),
    "htc with all context": HybridTaskCascade(
        semantic=SemanticBranch(num_categories=4, convolutions=1, joins=("mask",)),
        global_context=GlobalContext(convolutions=1),
    ),
}
MASKS: dict[str, MaskHead] = {
    "class-specific": DETECTOR.mask_head,
    "class-agnostic": DETECTOR.mask_head.replace(class_specific=False),
    "level by ratio": DETECTOR.mask_head.replace(level="area_and_ratio"),
    "balanced": DETECTOR.mask_head.replace(loss=BalancedMask()),
    "boundary": DETECTOR.mask_head.replace(boundary=True),
    "scoring": DETECTOR.mask_head.replace(scoring=True),
    "deformable": DETECTOR.mask_head.replace(pooling="deformable"),
    "batch norms": DETECTOR.mask_head.replace(norm="batch"),
    "all": DETECTOR.mask_head.replace(
        level="area_and_ratio",
        loss=BalancedMask(),
        boundary=True,
        scoring=True,
        pooling="deformable",
    ),
}
BOXES: dict[str, BoxHead] = {
    "two layers": DETECTOR.box_head,
    "double head": DETECTOR.box_head.replace(regression="convolutional"),
    "deformable": DETECTOR.box_head.replace(pooling="deformable"),
}


def every_classifier() -> dict[str, config.Classifier]:
    """Single ones, and both kinds of two beside each other."""
    pairs: dict[str, config.Classifier] = {
        "double": config.Double(),
        "calibrated": config.Calibrated(),
    }
    return {**single_classifiers(), **pairs}
