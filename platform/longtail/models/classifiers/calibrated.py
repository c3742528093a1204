"""A trained classifier beside a re-trained one with layers of its own.

Classification calibration, LVIS Challenge 2019 report (004), section 2.2. R RoIs, C channels, K
categories; background is label K.
"""

from typing import Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from longtail.losses.softmax import softmax_cross_entropy
from longtail.models.box_heads.two_layer import TwoLayerBoxHead
from longtail.models.classifiers.base import (
    ClassificationTargets,
    Classifier,
    ClassifierOnPooled,
)
from longtail.models.classifiers.layers import last_layer, logits_of


class RetrainedHead(nn.Module):
    """Pooled features -> hidden layers -> K + 1 logits of one softmax.

    With two hidden layers it has the shape of the box head and a softmax classifier together, and
    the same names: `hidden.fc1`, `hidden.fc2` and `linear`.

    Args:
        pooled_channels: Of the pooled features.
        pool_size: Their side in cells.
        channels: C, the width of every hidden layer.
        num_categories: K.
        hidden_layers: 1 or 2.
        temperature: See `last_layer`.
    """

    def __init__(
        self,
        pooled_channels: int,
        pool_size: int,
        channels: int,
        num_categories: int,
        *,
        hidden_layers: int,
        temperature: float | None = None,
    ) -> None:
        super().__init__()
        assert hidden_layers in (1, 2)
        hidden = TwoLayerBoxHead if hidden_layers == 2 else OneLayer
        self.hidden = hidden(pooled_channels, pool_size, channels)
        self.linear = last_layer(channels, num_categories + 1, bias=0.0, temperature=temperature)

    def forward(self, pooled: Tensor) -> Tensor:
        """(R, pooled_channels, pool_size, pool_size) -> (R, K + 1) float32 logits."""
        return logits_of(self.linear, self.hidden(pooled))


class OneLayer(nn.Module):
    """One fully connected layer, with the parameters and initial weights of `TwoLayerBoxHead`."""

    def __init__(self, in_channels: int, pool_size: int, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(in_channels * pool_size**2, channels)
        nn.init.kaiming_uniform_(self.fc1.weight, a=1)
        nn.init.zeros_(self.fc1.bias)

    def forward(self, pooled: Tensor) -> Tensor:
        """(R, in_channels, pool_size, pool_size) -> (R, channels)."""
        return F.relu(self.fc1(pooled.flatten(1)))


class CalibratedClassifier(ClassifierOnPooled):
    """A frozen softmax classifier of the box head's features, and a new one of pooled features.

    The new one learns by the softmax cross-entropy over categories and background. The two rows of
    scores are merged in inference: `longtail.models.detections.head_merge`.

    Args:
        original: Frozen: no gradient, always in evaluation mode. Has K + 1 logits of one softmax;
            also an `nn.Module`.
        new: Learns.
    """

    def __init__(self, original: Classifier, new: RetrainedHead) -> None:
        super().__init__()
        self.original = original
        self.new = new
        self.num_logits = new.linear.out_features
        cast(nn.Module, original).requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        """Training mode for the new classifier alone."""
        super().train(mode)
        cast(nn.Module, self.original).eval()
        return self

    def forward(self, features: Tensor, pooled: Tensor) -> Tensor:
        """(R, C) features and their pooled features -> the logits of both, side by side."""
        return torch.cat([self.original(features), self.new(pooled)], dim=1)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """The cross-entropy of the new classifier."""
        return softmax_cross_entropy(self._new(logits), targets.labels, targets.weights)

    def scores(self, logits: Tensor) -> Tensor:
        """The scores of the new classifier: no rule merges them with the original ones here."""
        return self.new_scores(logits)

    def original_scores(self, logits: Tensor) -> Tensor:
        """(R, K + 1) probabilities of the original classifier."""
        return self.original.scores(logits[:, : self.num_logits])

    def new_scores(self, logits: Tensor) -> Tensor:
        """(R, K + 1) probabilities of the new classifier."""
        return self._new(logits).softmax(dim=1)

    def category_logits(self, logits: Tensor) -> Tensor:
        """(R, K) the new classifier's, which alone learns."""
        return self._new(logits)[:, :-1]

    def _new(self, logits: Tensor) -> Tensor:
        return logits[:, self.num_logits :]
