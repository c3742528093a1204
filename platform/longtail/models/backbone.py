"""A timm network cut into the feature maps that a pyramid needs. N images, C channels."""

from collections.abc import Sequence
from typing import Any, Self

import timm
from timm.models import FeatureListNet
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from longtail.config.detector import BackboneStage
from longtail.models.deformable_conv import make_deformable
from longtail.models.sync_batch_norm import synchronised
from longtail.models.timm_pyramid import STRIDES, pyramid_cut

__all__ = ["STAGES", "STRIDES", "TimmBackbone"]

STAGES: tuple[BackboneStage, ...] = ("c2", "c3", "c4", "c5")
"""What makes the map of each stride."""


class TimmBackbone(nn.Module):
    """Feature maps of stride 4, 8, 16 and 32 of any timm model that has them.

    Args:
        model: Name of the timm model; its weights are random.
        frozen_norm: Whether batch norms keep their statistics, scale and shift for ever.
        sync_norm: Whether their statistics are those of all workers.
        deformable: Stages whose 3x3 convolutions become deformable.
        gradient_checkpointing: Whether what is inside of stages is computed again in the backward
            pass instead of being kept.

    Attributes:
        channels: Of each feature map, finest first.
        channels_last: Whether its blocks pass (N, H, W, C) on inside of it.

    Raises:
        ValueError: timm does not know the model, or it is not made for that.
    """

    def __init__(
        self,
        model: str,
        frozen_norm: bool,
        *,
        sync_norm: bool = False,
        deformable: Sequence[BackboneStage] = (),
        gradient_checkpointing: bool = False,
    ) -> None:
        super().__init__()
        cut = pyramid_cut(model)
        self.body = timm.create_model(
            model, pretrained=False, features_only=True, out_indices=cut.indices, **cut.settings
        )
        levels: Any = self.body.feature_info
        self.channels: list[int] = levels.channels()
        self.channels_last = cut.channels_last
        for stage in deformable:
            _deform(model, self.body, stage)
        if sync_norm:
            _synchronise(model, self.body)
        norms = [module for module in self.body.modules() if isinstance(module, _BatchNorm)]
        if gradient_checkpointing:
            _set_checkpointing(model, self.body, keeps_statistics=bool(norms) and not frozen_norm)
        self._frozen_norms = norms if frozen_norm else []
        for norm in self._frozen_norms:
            norm.requires_grad_(False)
        self.train()

    def forward(self, images: Tensor) -> list[Tensor]:
        """(N, 3, H, W) normalised images -> one (N, C, H / stride, W / stride) map a stride."""
        maps: list[Tensor] = self.body(images)
        return [level.permute(0, 3, 1, 2) for level in maps] if self.channels_last else maps

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


def _deform(model: str, body: nn.Module, stage: BackboneStage) -> None:
    modules = list(body.return_layers) if isinstance(body, FeatureListNet) else []
    replaced = 0
    if modules:
        replaced = make_deformable(body.get_submodule(modules[STAGES.index(stage)]))
    if not replaced:
        raise ValueError(
            f"backbone.deformable: {stage} of {model!r} has no plain 3x3 convolution; leave it out,"
            " or take a ResNet, ResNeXt, SENet or ResNeSt as backbone.model"
        )


def _synchronise(model: str, body: nn.Module) -> None:
    places = [
        (parent, name, child)
        for parent in body.modules()
        for name, child in parent.named_children()
        if isinstance(child, _BatchNorm)
    ]
    if not places:
        raise ValueError(
            f"backbone.norm: {model!r} has no batch norms that sync could take over all workers;"
            " set backbone.norm=batch"
        )
    for parent, name, child in places:
        if type(child) is not nn.BatchNorm2d:
            raise ValueError(
                f"backbone.norm: sync cannot take the norms of {model!r} ({type(child).__name__})"
                " over all workers; set backbone.norm=batch or frozen, or take a ResNet, ResNeXt,"
                " SENet or ResNeSt"
            )
        setattr(parent, name, synchronised(child))


def _set_checkpointing(model: str, body: Any, keeps_statistics: bool) -> None:
    if keeps_statistics:
        raise ValueError(
            f"backbone.gradient_checkpointing: the batch norms of {model!r} would count each batch"
            " twice; set backbone.norm=frozen, or gradient_checkpointing=false"
        )
    if not hasattr(body, "set_grad_checkpointing"):
        raise ValueError(
            f"backbone.gradient_checkpointing: timm has none for {model!r}; set it to false"
        )
    body.set_grad_checkpointing()


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
