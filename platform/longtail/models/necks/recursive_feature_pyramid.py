"""The recursive feature pyramid. N images, C channels."""

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from longtail.models.necks.atrous_pooling import AtrousPooling
from longtail.models.necks.base import Backbone
from longtail.models.necks.feature_pyramid import FeaturePyramid
from longtail.models.necks.stage_feedback import StageFeedback
from longtail.models.norms import NormLayer


class RecursiveFeaturePyramid(FeaturePyramid):
    """A pyramid whose levels are fed back into the network: Qiao et al., DetectoRS, CVPR 2021.

    Each further step looks at the images again with a copy of the backbone that has weights of its
    own and starts as the backbone is: the unrolled form of the paper, as in mmdetection. Before it
    does, levels of stride 8, 16 and 32 go through an `AtrousPooling` into its stages of the same
    strides (the first stage is told nothing). Its maps give new levels x_t, which are fused with
    those before: s x_t + (1 - s) x_{t-1}, s = sigmoid(conv1x1(x_t)), and the convolution starts at
    zero. Pyramid, atrous pooling and fusion have the same weights in all steps and levels, what
    tells the stages has its own. At the start all levels are those of the plain pyramid.

    Args:
        backbone: With its initial weights; it is copied.
        channels: C of every level.
        steps: How often the images are looked at, at least 2; the paper's is 2, that of Alibaba
            2020 is 3.
        dilations: Of the atrous pooling.
        norm_layer: Of the pyramid, see `FeaturePyramid`.
    """

    def __init__(
        self,
        backbone: Backbone,
        channels: int,
        steps: int,
        dilations: Sequence[int],
        norm_layer: NormLayer | None = None,
    ) -> None:
        super().__init__(backbone.channels, channels, norm_layer)
        assert steps >= 2, "the configuration refuses others"
        copies = [copy.deepcopy(backbone) for _ in range(steps - 1)]
        self.copies = nn.ModuleList(cast(list[nn.Module], copies))
        self.feedback = nn.ModuleList(_feedback(of_step, channels) for of_step in copies)
        self.atrous = AtrousPooling(channels, dilations)
        self.fusion = nn.Conv2d(channels, 1, 1)
        assert self.fusion.bias is not None
        nn.init.zeros_(self.fusion.weight)
        nn.init.zeros_(self.fusion.bias)

    def forward(self, images: Tensor, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """See `Neck`."""
        levels = self.levels_of(maps)
        for look, feedback in zip(self.copies, self.feedback, strict=True):
            self._tell(cast(nn.ModuleList, feedback), levels)
            levels = self._fused(self.levels_of(look(images)), levels)
        return levels

    def _tell(self, feedback: nn.ModuleList, levels: Mapping[str, Tensor]) -> None:
        names = self.levels.pooled_names[1:]
        for stage, name in zip(cast(list[StageFeedback], feedback), names, strict=True):
            stage.tell(self.atrous(levels[name]))

    def _fused(self, new: Mapping[str, Tensor], before: Mapping[str, Tensor]) -> dict[str, Tensor]:
        shares = {name: torch.sigmoid(self.fusion(level)) for name, level in new.items()}
        return {
            name: share * new[name] + (1 - share) * before[name] for name, share in shares.items()
        }


def _feedback(look: Backbone, channels: int) -> nn.ModuleList:
    """What tells each stage but the first."""
    stages = list(zip(look.first_blocks(), look.channels, strict=True))[1:]
    return nn.ModuleList(
        StageFeedback(block, channels, width, look.channels_last) for block, width in stages
    )
