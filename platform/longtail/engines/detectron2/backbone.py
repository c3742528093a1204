"""The pyramid of every engine as detectron2 calls it. N images, C channels."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, assert_never

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, Backbone
from detectron2.modeling.backbone import build_resnet_backbone
from torch import Tensor, nn

from longtail.config.detector import Detectron2, Timm
from longtail.engines.detectron2.config_file import STAGES
from longtail.engines.detectron2.keys import detector_of
from longtail.engines.pixels import memory_format_of
from longtail.models.backbone import STRIDES, TimmBackbone
from longtail.models.build import build_backbone
from longtail.models.necks.base import Neck
from longtail.models.necks.build import build_neck


class ResNetBottomUp(nn.Module):
    """detectron2's own ResNet, with deformable convolutions where MODEL.RESNETS has them.

    MODEL.BACKBONE.FREEZE_AT is followed: files of the model zoo set 2, which keeps the stem and
    res2 as they are, so their weights must come from a checkpoint. The same holds for
    MODEL.RESNETS.NORM FrozenBN.

    Args:
        body: The network; it gives res2 to res5.
        deformable: Whether it has deformable convolutions: those compute in float32 only.

    Attributes:
        channels: Of each feature map, finest first.
        channels_last: See `longtail.models.necks.base.Backbone`.
    """

    channels_last = False

    def __init__(self, body: nn.Module, deformable: bool) -> None:
        super().__init__()
        self.body = body
        self._deformable = deformable
        shapes: Any = body.output_shape()  # type: ignore[operator]
        self.channels: list[int] = [shapes[stage].channels for stage in STAGES]

    def forward(self, images: Tensor) -> list[Tensor]:
        """(N, 3, H, W) normalised images -> one (N, C, H / stride, W / stride) map a stride."""
        with self._precision(images.device.type):
            maps: Mapping[str, Tensor] = self.body(images)
        return [maps[stage] for stage in STAGES]

    def first_blocks(self) -> list[nn.Module]:
        """See `longtail.models.necks.base.Backbone`."""
        return [self.body.get_submodule(f"{stage}.0") for stage in STAGES]

    def _precision(self, device: str) -> AbstractContextManager[object]:
        return torch.autocast(device, enabled=False) if self._deformable else nullcontext()


class PyramidBackbone(Backbone):  # type: ignore[misc]
    """The levels of a shared neck over a network.

    Args:
        bottom_up: The network under the neck.
        neck: Makes the levels; also an `nn.Module`.
        channels: C of its levels.
        memory_format: Of images, network and neck.
    """

    @configurable  # type: ignore[untyped-decorator]
    def __init__(
        self,
        *,
        bottom_up: TimmBackbone | ResNetBottomUp,
        neck: Neck,
        channels: int,
        memory_format: torch.memory_format,
    ) -> None:
        super().__init__()
        self.bottom_up = bottom_up
        self.neck = neck
        self.channels = channels
        self._memory_format = memory_format
        self.to(memory_format=memory_format)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """The arguments of a configuration with MODEL.LONGTAIL."""
        detector = detector_of(cfg)
        bottom_up = _build_bottom_up(detector.backbone, cfg, input_shape)
        return {
            "bottom_up": bottom_up,
            "neck": build_neck(detector.neck, bottom_up, detector.neck_channels),
            "channels": detector.neck_channels,
            "memory_format": memory_format_of(detector),
        }

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) normalised images -> the levels, each (N, C, H / stride, W / stride)."""
        pictures = images.contiguous(memory_format=self._memory_format)
        levels: dict[str, Tensor] = self.neck(pictures, self.bottom_up(pictures))
        return levels

    @property
    def size_divisibility(self) -> int:
        """Images are padded to multiples of this."""
        return STRIDES[-1]

    def output_shape(self) -> dict[str, ShapeSpec]:
        """Channels and stride of each level."""
        levels = self.neck.levels
        return {
            level: ShapeSpec(channels=self.channels, stride=stride)
            for level, stride in zip(levels.names, levels.strides, strict=True)
        }


def _build_bottom_up(
    backbone: Timm | Detectron2, cfg: CfgNode, input_shape: ShapeSpec
) -> TimmBackbone | ResNetBottomUp:
    match backbone:
        case Timm():
            return build_backbone(backbone)
        case Detectron2(config_file=config_file):
            try:
                body = build_resnet_backbone(cfg, input_shape)
            except (AssertionError, KeyError) as error:
                raise ValueError(
                    f"backbone.config_file {config_file}: detectron2 cannot build its"
                    f" MODEL.RESNETS: {error}; give the keys values that its ResNet knows"
                ) from error
            return ResNetBottomUp(body, any(cfg.MODEL.RESNETS.DEFORM_ON_PER_STAGE))
        case _:
            assert_never(backbone)


BACKBONE_REGISTRY.register(PyramidBackbone)
