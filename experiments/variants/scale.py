"""A variant at a size that a laptop trains in a minute: its techniques stay, its sizes go."""

from longtail.config.detector import Detector, Proposals, Timm
from longtail.config.stages import AdamW, Augmentation, RepeatFactor, Schedule, Stage
from longtail.config.variant import Inference, Variant

DEMO_SIDE = 128
DEMO_REPEAT_THRESHOLD = 0.1
"""Repeats what is in under a tenth of the images: with 100 images, 1e-3 would repeat nothing."""


def demo_scale(variant: Variant, iterations: int = 180) -> Variant:
    """Shrink pictures, network and schedule; keep classifier, sampler, losses, freezing and stages.

    Args:
        variant: A variant at the report's scale.
        iterations: Optimizer steps of every stage.
    """
    return variant.replace(
        detector=_small_detector(variant.detector),
        stages=tuple(_short_stage(stage, iterations) for stage in variant.stages),
        inference=Inference(short_side=DEMO_SIDE, long_side_cap=2 * DEMO_SIDE),
    )


def _small_detector(detector: Detector) -> Detector:
    backbone = detector.backbone
    if isinstance(backbone, Timm):
        backbone = Timm(model="resnet10t", norm=backbone.norm)
    return detector.replace(
        backbone=backbone,
        neck_channels=32,
        proposals=Proposals(
            anchor_sizes=(16, 32, 64, 96, 128),
            train_pre_nms=500,
            train_post_nms=250,
            test_pre_nms=250,
            test_post_nms=100,
        ),
        box_head=detector.box_head.replace(rois_per_image=64, channels=128),
        mask_head=detector.mask_head.replace(channels=32, convolutions=2),
    )


def _short_stage(stage: Stage, iterations: int) -> Stage:
    sampler = stage.sampler
    if isinstance(sampler, RepeatFactor):
        sampler = sampler.replace(threshold=DEMO_REPEAT_THRESHOLD)
    return stage.replace(
        sampler=sampler,
        augmentation=Augmentation(short_sides=(DEMO_SIDE,), long_side_cap=2 * DEMO_SIDE),
        optimizer=AdamW(base_lr=1e-3, weight_decay=1e-4),
        schedule=Schedule(
            iterations=iterations,
            images_per_step=4,
            warmup_iterations=min(30, iterations // 4),
            checkpoint_every=max(1, iterations // 4),
            log_every=10,
        ),
    )
