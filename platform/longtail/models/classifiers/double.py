"""Two classifiers on the same features. R RoIs, C channels, K categories."""

from typing import Self, cast

import torch
from torch import Tensor, nn

from longtail.models.classifiers.base import ClassificationTargets, Classifier


class DoubleClassifier(nn.Module):
    """A trained, frozen classifier next to one that learns; their probabilities are averaged.

    Alibaba, LVIS Challenge 2020 report, section 3: all else is shared, and the two saw their
    images through different samplers.

    Args:
        first: Frozen: no gradient, always in evaluation mode. Also an `nn.Module`.
        second: Learns. Also an `nn.Module`.
        first_logits: Number of logits of `first`.
    """

    def __init__(self, first: Classifier, second: Classifier, first_logits: int) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.first_logits = first_logits
        cast(nn.Module, first).requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        """Training mode for the second classifier alone."""
        super().train(mode)
        cast(nn.Module, self.first).eval()
        return self

    def forward(self, features: Tensor) -> Tensor:
        """(R, C) features -> the logits of both, side by side."""
        return torch.cat([self.first(features), self.second(features)], dim=1)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """The loss of the second classifier."""
        return self.second.loss(logits[:, self.first_logits :], targets)

    def scores(self, logits: Tensor) -> Tensor:
        """(R, K + 1) the mean of both."""
        first, second = logits.tensor_split([self.first_logits], dim=1)
        return (self.first.scores(first) + self.second.scores(second)) / 2

    def category_logits(self, logits: Tensor) -> Tensor:
        """(R, K) the second classifier's, which alone learns."""
        return self.second.category_logits(logits[:, self.first_logits :])
