"""The detectors of the table, and counts that others have published."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Settings = Mapping[str, Any]
"""Fields of a detector by dotted path."""
DEFORMABLE: Settings = {"backbone.deformable": ["c3", "c4", "c5"]}
RECURSIVE: Settings = {"neck": "recursive_feature_pyramid"}
DOUBLE_HEAD: Settings = {"box_head.regression": "convolutional"}


def _timm(model: str, **more: Any) -> Settings:
    return {"backbone.model": model, **more}


NETWORKS = (
    "resnet50",
    "resnext101_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "legacy_senet154",
    "resnest101e",
    "resnest200e",
    "resnest269e",
    "convnext_tiny",
    "swin_tiny_patch4_window7_224",
)
"""Of timm."""

DETECTORS: Mapping[str, Settings] = {
    **{model: _timm(model) for model in NETWORKS},
    "resnet50, deformable c3-c5": DEFORMABLE,
    "resnext101_64x4d, deformable c3-c5": {**_timm("resnext101_64x4d"), **DEFORMABLE},
    "resnet50, recursive pyramid, 2 steps": RECURSIVE,
    "resnet50, recursive pyramid, 3 steps": {**RECURSIVE, "neck.steps": 3},
    "resnet50, double head": DOUBLE_HEAD,
    "resnet50, mask scoring": {"mask_head.scoring": True},
    "resnet50, boundaries": {"mask_head.boundary": True},
    "resnet50, cascade": {"roi_stages": "cascade"},
    "resnet50, HTC": {"roi_stages": "htc"},
    "resnet50, HTC with a semantic branch": {"roi_stages": "htc", "roi_stages.semantic": {}},
    "resnet50, HTC with global context": {"roi_stages": "htc", "roi_stages.global_context": {}},
    "legacy_senet154, deformable c3-c5, recursive pyramid, 3 steps, double head, mask scoring": {
        **_timm("legacy_senet154"),
        **DEFORMABLE,
        **RECURSIVE,
        "neck.steps": 3,
        **DOUBLE_HEAD,
        "mask_head.scoring": True,
    },
}
"""Settings that differ from a Mask R-CNN with ResNet-50. The last is that of Alibaba 2020."""


@dataclass(frozen=True)
class Published:
    """What others say a network has.

    Attributes:
        parameters: With its ImageNet classifier.
        unit: 1, or 10,000 where only so many digits are given.
        source: Who says so.
    """

    parameters: int
    unit: int
    source: str


def _torchvision(parameters: int) -> Published:
    return Published(parameters, 1, "torchvision, `meta` of its IMAGENET1K_V1 weights")


def _timm_results(millions: float) -> Published:
    return Published(round(millions * 1e6), 10_000, "timm, `results/results-imagenet.csv`")


PUBLISHED: Mapping[str, Published] = {
    "resnet50": _torchvision(25_557_032),
    "resnext101_32x4d": _timm_results(44.18),
    "resnext101_32x8d": _torchvision(88_791_336),
    "resnext101_64x4d": _torchvision(83_455_272),
    "legacy_senet154": _timm_results(115.09),
    "resnest101e": _timm_results(48.28),
    "resnest200e": _timm_results(70.20),
    "resnest269e": _timm_results(110.93),
    "convnext_tiny": _torchvision(28_589_128),
    "swin_tiny_patch4_window7_224": _torchvision(28_288_354),
}
