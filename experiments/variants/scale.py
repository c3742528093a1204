"""A variant at a size that a laptop trains in a minute: its techniques stay, its sizes go."""

import sys
from typing import Literal

from longtail.config.augmentations import (
    Augmentation,
    LargeScaleJitter,
    MultiScale,
    Resize,
    ScaleJitter,
)
from longtail.config.classifiers import Calibrated
from longtail.config.detector import Detector, Proposals, Timm
from longtail.config.mixing import BalancedMosaic, Mixing
from longtail.config.other_data.joined import JoinedFile
from longtail.config.other_data.pseudo_labels import AnyPseudoLabels, LearnedPseudoLabels
from longtail.config.stages import (
    AdamW,
    ClassThenImage,
    RepeatFactor,
    Sampler,
    Schedule,
    Stage,
)
from longtail.config.test_time.scales import ViewScale
from longtail.config.variant import Inference, Variant

DEMO_SIDE = 128
DEMO_REPEAT_THRESHOLD = 0.1
"""Repeats what is in under a tenth of the images: with 100 images, 1e-3 would repeat nothing."""
DEMO_EPOCH = 100
"""Images of an epoch where the sampler has no natural one."""
DEMO_TAIL_BELOW = 10
"""Training instances: with 300 of 30 categories, 100 would make all of them the tail."""
DEMO_SCALE_IMAGES = 16
DEMO_ITERATIONS = 180
DEMO_MODEL = "resnet10t"
DEMO_MODELS = {
    "legacy_senet154": "legacy_seresnet18",
    "resnest101e": "resnest14d",
    "resnest200e": "resnest14d",
    "resnest269e": "resnest26d",
    "resnet101": "resnet14t",
    "resnext101_32x4d": "resnet18d",
}
"""Small ones, of the same family where it has any, for networks that a table has beside others."""


def demo_scale(variant: Variant, iterations: int = DEMO_ITERATIONS) -> Variant:
    """Shrink pictures, network and schedule; keep classifier, sampler, losses, freezing and stages.

    Args:
        variant: A variant at the report's scale.
        iterations: Optimizer steps of the first stage; later ones have half as many.
    """
    lengths = [iterations, *[max(1, iterations // 2)] * (len(variant.stages) - 1)]
    return variant.replace(
        detector=_small_detector(variant.detector),
        stages=tuple(map(_short_stage, variant.stages, lengths)),
        inference=_small_inference(variant),
    )


def _small_inference(variant: Variant) -> Inference:
    inference = variant.inference
    if isinstance(variant.stages[-1].classifier, Calibrated):
        merge = inference.head_merge.replace(
            tail_below=DEMO_TAIL_BELOW, scale_images=DEMO_SCALE_IMAGES
        )
        inference = inference.replace(head_merge=merge)
    views = inference.tta
    if views is not None:
        views = views.replace(scales=tuple(map(_small_view, views.scales)))
    return inference.replace(
        short_side=_small_length(inference.short_side, "short_side"),
        long_side_cap=_small_length(inference.long_side_cap, "long_side_cap"),
        tta=views,
    )


def _small_view(scale: ViewScale) -> ViewScale:
    """In proportion to a plain prediction's pictures, objects too."""
    factor = DEMO_SIDE / Inference().short_side
    return ViewScale(
        short_side=_small_length(scale.short_side, "short_side"),
        long_side_cap=_small_length(scale.long_side_cap, "long_side_cap"),
        smallest=scale.smallest * factor,
        largest=None if scale.largest is None else scale.largest * factor,
    )


def _small_length(pixels: int, of: Literal["short_side", "long_side_cap"]) -> int:
    """In proportion to a plain prediction, whose pictures become `DEMO_SIDE` and twice that."""
    small = DEMO_SIDE if of == "short_side" else 2 * DEMO_SIDE
    plain: int = getattr(Inference(), of)
    return max(1, round(pixels * small / plain))


def _small_detector(detector: Detector) -> Detector:
    backbone = detector.backbone
    if isinstance(backbone, Timm):
        model = DEMO_MODELS.get(backbone.model, DEMO_MODEL)
        backbone = Timm(model=model, norm=backbone.norm, deformable=backbone.deformable)
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
        mask_head=detector.mask_head.replace(
            channels=32, convolutions=(detector.mask_head.convolutions + 1) // 2
        ),
    )


def _short_stage(stage: Stage, iterations: int) -> Stage:
    schedule = Schedule(
        iterations=iterations,
        images_per_step=4,
        warmup_iterations=min(30, iterations // 4, stage.schedule.warmup_iterations),
        decay=stage.schedule.decay,
        checkpoint_every=max(1, iterations // 4),
        log_every=10,
    )
    return stage.replace(
        sampler=_small_epochs(stage.sampler),
        joined=tuple(map(_small_file, stage.joined)),
        pseudo_labels=tuple(map(_small_labels, stage.pseudo_labels)),
        augmentations=tuple(map(_small_pictures, stage.augmentations)),
        optimizer=AdamW(base_lr=1e-3, weight_decay=1e-4),
        ema_decay=_shorter_memory(stage, iterations),
        schedule=schedule,
    )


def _small_file(joined: JoinedFile) -> JoinedFile:
    """It may have fewer images than an epoch draws at full scale."""
    if joined.augmentations is not None:
        small = tuple(map(_small_pictures, joined.augmentations))
        joined = joined.replace(augmentations=small)
    return joined.replace(images_per_epoch=None)


def _small_labels(labels: AnyPseudoLabels) -> AnyPseudoLabels:
    if isinstance(labels, LearnedPseudoLabels):
        labels = labels.replace(images_per_epoch=None)
        if labels.augmentations is not None:
            small = tuple(map(_small_pictures, labels.augmentations))
            labels = labels.replace(augmentations=small)
    return labels.replace(short_side=DEMO_SIDE, long_side_cap=2 * DEMO_SIDE)


def _small_pictures(augmentation: Augmentation) -> Augmentation:
    """The transform for pictures of some 128 pixels; sides that it draws from keep their ratios."""
    cap = 2 * DEMO_SIDE
    match augmentation:
        case Resize():
            return Resize(short_sides=(DEMO_SIDE,), long_side_cap=cap)
        case MultiScale():
            smallest, largest = DEMO_SIDE // 2, DEMO_SIDE * 3 // 2
            return MultiScale(smallest_side=smallest, largest_side=largest, long_side_cap=cap)
        case ScaleJitter():
            return augmentation.replace(short_side=DEMO_SIDE, long_side_cap=cap)
        case LargeScaleJitter():
            return augmentation.replace(side=DEMO_SIDE)
        case BalancedMosaic():
            sides = tuple(DEMO_SIDE * side // 800 for side in augmentation.short_sides)
            augmentation = augmentation.replace(short_sides=sides, long_side_cap=cap)
    if isinstance(augmentation, Mixing):
        return augmentation.replace(repeat_threshold=DEMO_REPEAT_THRESHOLD)
    return augmentation


def _shorter_memory(stage: Stage, iterations: int) -> float | None:
    """The decay that leaves the weights of the start the share that the whole schedule would."""
    if stage.ema_decay is None:
        return None
    decay: float = stage.ema_decay ** (stage.schedule.iterations / iterations)
    # 0 is no decay; the smallest number keeps nothing either.
    return max(decay, sys.float_info.min)


def _small_epochs(sampler: Sampler) -> Sampler:
    if isinstance(sampler, RepeatFactor):
        return sampler.replace(threshold=DEMO_REPEAT_THRESHOLD)
    if isinstance(sampler, ClassThenImage):
        return sampler.replace(images_per_epoch=DEMO_EPOCH)
    return sampler
