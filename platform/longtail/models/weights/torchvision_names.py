"""From the names of torchvision's Mask R-CNN to our neutral names. K categories.

Its tensors are ours, apart from background: it is torchvision's first row of scores, boxes and
masks, and ours is the last row of scores alone. Its published files have the names of torchvision
0.4, which torchvision renames when it loads them; a state dict that is saved today has today's.
"""

import re
from collections.abc import Iterable

import torch
from torch import Tensor

TELLING = (
    r"backbone\.fpn\.|rpn\.head\.(cls_logits|bbox_pred)\.|roi_heads\.mask_predictor\.|"
    r"roi_heads\.box_head\.(fc6\.|\d\.(\d|weight|bias))"
)
"""No other library begins names like this; a cascade's stages are `roi_heads.box_head.0.fc1`."""
NOTE = (
    "torchvision's background is its first category: its scores became the last, its boxes and"
    " masks were left out"
)
_LAYERS = (
    (r"backbone\.fpn\.inner_blocks\.([0-3])(?:\.0)?", "neck.pyramid.inner_blocks.{}.0"),
    (r"backbone\.fpn\.layer_blocks\.([0-3])(?:\.0)?", "neck.pyramid.layer_blocks.{}.0"),
    (r"rpn\.head\.conv(?:\.0\.0)?", "rpn.head.conv"),
    (r"rpn\.head\.cls_logits", "rpn.head.objectness_logits"),
    (r"rpn\.head\.bbox_pred", "rpn.head.anchor_deltas"),
    (r"roi_heads\.box_head\.fc6", "roi_heads.box_head.fc1"),
    (r"roi_heads\.box_head\.fc7", "roi_heads.box_head.fc2"),
    (r"roi_heads\.box_predictor\.cls_score", "roi_heads.classifier.linear"),
    (r"roi_heads\.box_predictor\.bbox_pred", "roi_heads.box_regressor.linear"),
    (r"roi_heads\.mask_head\.(\d)\.0", "roi_heads.mask_head.convolutions.{}"),
    (r"roi_heads\.mask_predictor\.conv5_mask", "roi_heads.mask_head.deconvolution"),
    (r"roi_heads\.mask_predictor\.mask_fcn_logits", "roi_heads.mask_head.predictor"),
)
_OLD_MASK_LAYER = re.compile(r"roi_heads\.mask_head\.mask_fcn([1-9])")
_WHOLE_MODULES = ("backbone.fpn.", "rpn.head.", "roi_heads.box_", "roi_heads.mask_")
"""A further layer or norm, as of the `v2` model, changes what the others compute."""
_FIRST_IS_BACKGROUND = {
    "roi_heads.box_regressor.linear.": 4,
    "roi_heads.mask_head.predictor.": 1,
}
"""Rows of background in layers where we have none."""


def neutral_name(name: str) -> str | None:
    """Our name of a tensor; None without a counterpart."""
    if name.startswith("backbone.body."):
        return name
    layer, _, kind = name.rpartition(".")
    if kind not in ("weight", "bias"):
        return None
    if old := _OLD_MASK_LAYER.fullmatch(layer):
        return f"roi_heads.mask_head.convolutions.{int(old[1]) - 1}.{kind}"
    for pattern, ours in _LAYERS:
        if found := re.fullmatch(pattern, layer):
            return f"{ours.format(*found.groups())}.{kind}"
    return None


def foreign_modules(names: Iterable[str]) -> tuple[str, ...]:
    """Beginnings of the names of modules that have a layer which ours lack."""
    unknown = [name for name in names if neutral_name(name) is None]
    return tuple(
        module for module in _WHOLE_MODULES if any(name.startswith(module) for name in unknown)
    )


def as_ours(name: str, value: Tensor) -> Tensor:
    """A tensor under its neutral name, with background where we have it."""
    if name.startswith("roi_heads.classifier.linear."):
        return torch.roll(value, -1, dims=0)
    for layer, rows in _FIRST_IS_BACKGROUND.items():
        if name.startswith(layer) and len(value) > rows:
            return value[rows:]
    return value
