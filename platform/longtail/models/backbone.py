"""A timm network cut into the feature maps that a pyramid needs. N images, C channels."""

from difflib import get_close_matches
from typing import Any, Self

import timm
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

STRIDES = (4, 8, 16, 32)


class TimmBackbone(nn.Module):
    """Feature maps of stride 4, 8, 16 and 32 of any timm model that has them.

    Args:
        model: Name of the timm model; its weights are random.
        frozen_norm: Whether batch norms keep their statistics, scale and shift for ever.

    Attributes:
        channels: Of each feature map, finest first.
        channels_last: Whether its blocks pass (N, H, W, C) on inside of it.
    """

    def __init__(self, model: str, frozen_norm: bool) -> None:
        super().__init__()
        self.body = timm.create_model(
            model, pretrained=False, features_only=True, out_indices=_pyramid_indices(model)
        )
        levels: Any = self.body.feature_info
        self.channels: list[int] = levels.channels()
        self.channels_last = _is_channels_last(self.body)
        self._frozen_norms = [
            module
            for module in self.body.modules()
            if frozen_norm and isinstance(module, _BatchNorm)
        ]
        for norm in self._frozen_norms:
            norm.requires_grad_(False)
        self.train()

    def forward(self, images: Tensor) -> list[Tensor]:
        """(N, 3, H, W) normalised images -> one (N, C, H / stride, W / stride) map a stride."""
        maps: list[Tensor] = self.body(images)
        return maps

    def first_blocks(self) -> list[nn.Module]:
        """The first block of the stage that each map comes from, finest first.

        Raises:
            ValueError: A map does not come from a stage of blocks.
        """
        levels: Any = self.body.feature_info
        return [_first_block(self.body, name) for name in levels.module_name()]

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation, frozen norms excepted."""
        super().train(mode)
        for norm in self._frozen_norms:
            norm.eval()
        return self


def _pyramid_indices(model: str) -> tuple[int, ...]:
    if not timm.is_model(model):
        near = get_close_matches(model, timm.list_models(), n=3) or ["resnet50"]
        raise ValueError(f"backbone.model {model!r}: unknown to timm; near: {', '.join(near)}")
    with torch.device("meta"):
        outline = timm.create_model(model, pretrained=False, features_only=True)
    levels: Any = outline.feature_info
    reductions: list[int] = levels.reduction()
    channels_last = _is_channels_last(outline)
    if channels_last or not set(STRIDES) <= set(reductions):
        raise ValueError(
            f"backbone.model {model!r}: gives strides {reductions}"
            f"{', channels last' if channels_last else ''}; feature maps of stride 4, 8, 16, 32"
            " with channels first are needed, as those of a ResNet or ConvNeXt"
        )
    return tuple(levels.out_indices[reductions.index(stride)] for stride in STRIDES)


def _is_channels_last(body: nn.Module) -> bool:
    return str(getattr(body, "output_fmt", "NCHW")).endswith("NHWC")


def _first_block(body: nn.Module, stage_name: str) -> nn.Module:
    modules = dict(body.named_modules())
    # timm's extractors call stages.0 of some models stages_0.
    stage = modules.get(stage_name) or modules[stage_name.replace(".", "_")]
    blocks: Any = getattr(stage, "blocks", stage)
    first: nn.Module | None = next(blocks.children(), None)
    if first is not None:
        return first
    raise ValueError(
        f"backbone.model: its map {stage_name} comes from a layer without blocks, so"
        " neck=recursive_feature_pyramid has nowhere to add to; take neck=feature_pyramid, or a"
        " backbone such as a ResNet, ConvNeXt or Swin"
    )
