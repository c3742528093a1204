"""What of a timm model makes a pyramid: found on an outline of it without weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any

import timm
import torch
from timm.models import is_model_in_modules
from torch import Tensor, nn

STRIDES = (4, 8, 16, 32)
PROBE = (256, 320)
"""(height, width) of a picture that no model has as its own size."""

_OF_ANY_SIZE: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "swin_transformer": {"strict_img_size": False, "always_partition": True},
        "swin_transformer_v2": {"strict_img_size": False, "always_partition": True},
        "swin_transformer_v2_cr": {"strict_img_size": False, "always_partition": True},
    }
)
"""What makes the models of a timm module take pictures of any size, in windows of the side that
they were trained with."""


@dataclass(frozen=True)
class PyramidCut:
    """How a timm model becomes feature maps of stride 4, 8, 16 and 32.

    Attributes:
        indices: Of the four among the model's maps.
        settings: Arguments of the model.
        channels_last: Whether its maps are (N, H, W, C).
    """

    indices: tuple[int, ...]
    settings: Mapping[str, Any]
    channels_last: bool


@cache
def pyramid_cut(model: str) -> PyramidCut:
    """Find the four maps.

    Raises:
        ValueError: timm does not know the model, or it has no such maps of pictures of any size.
    """
    if not timm.is_model(model):
        near = ", ".join(get_close_matches(model, timm.list_models(), n=3))
        hint = f"near: {near}" if near else "resnet50 is one that it knows"
        raise ValueError(f"backbone.model {model!r}: unknown to timm; {hint}")
    settings = next(
        (given for name, given in _OF_ANY_SIZE.items() if is_model_in_modules(model, {name})), {}
    )
    with torch.device("meta"):
        outline = timm.create_model(model, pretrained=False, features_only=True, **settings)
    levels: Any = outline.feature_info
    reductions: list[int] = levels.reduction()
    if not set(STRIDES) <= set(reductions):
        raise ValueError(
            f"backbone.model {model!r}: gives strides {reductions}; feature maps of stride 4, 8,"
            " 16, 32 are needed, as those of a ResNet, ConvNeXt or Swin"
        )
    positions = [reductions.index(stride) for stride in STRIDES]
    channels_last = str(getattr(outline, "output_fmt", "NCHW")).endswith("NHWC")
    _check_size(model, outline, positions, channels_last)
    indices = tuple(levels.out_indices[position] for position in positions)
    return PyramidCut(indices, settings, channels_last)


@cache
def trains_on_one_picture(model: str) -> bool:
    """Whether its batch norms have several values a channel in a batch of one picture: those behind
    a mean over the picture, as in a ResNeSt, have not."""
    cut = pyramid_cut(model)
    with torch.device("meta"):
        outline = timm.create_model(model, pretrained=False, features_only=True, **cut.settings)
    try:
        outline.train()(torch.empty(1, 3, *PROBE, device="meta"))
    except ValueError:
        return False
    return True


def _check_size(model: str, outline: nn.Module, positions: list[int], channels_last: bool) -> None:
    """Refuse a model that takes pictures of its own size only."""
    height, width = PROBE
    wanted = [(height // stride, width // stride) for stride in STRIDES]
    try:
        with torch.no_grad():
            maps: list[Tensor] = outline.eval()(torch.empty(1, 3, height, width, device="meta"))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"backbone.model {model!r}: cannot take pictures of {height} x {width} pixels"
            f" ({str(error).partition(chr(10))[0][:120] or type(error).__name__}); take a model for"
            " pictures of any size, as a ResNet, ConvNeXt or Swin"
        ) from error
    axes = slice(1, 3) if channels_last else slice(2, 4)
    sides = [tuple(maps[position].shape[axes]) for position in positions]
    if sides != wanted:
        raise ValueError(
            f"backbone.model {model!r}: of {height} x {width} pixels it makes maps of"
            f" {', '.join(f'{h} x {w}' for h, w in sides)} cells, where strides 4, 8, 16, 32 give"
            f" {', '.join(f'{h} x {w}' for h, w in wanted)}; take another model"
        )
