"""How RoIs are classified: the last linear layer, its loss and its scores.

R RoIs, C channels, K categories, background is label K.
"""

import math
from dataclasses import dataclass
from typing import Protocol, assert_never

import torch
from torch import Tensor, nn

from longtail.config import classifiers as config
from longtail.losses.equalization import equalization_loss
from longtail.losses.sigmoid import sigmoid_cross_entropy
from longtail.losses.softmax import softmax_cross_entropy


@dataclass(frozen=True)
class ClassificationTargets:
    """What the sampled RoIs should be classified as.

    Attributes:
        labels: (R,) int64 in 0..K.
        verified: (R, K) bool, the category is in S_P or S_N of the RoI's own source image.
        weights: (R,) float32, the factor of each RoI.
    """

    labels: Tensor
    verified: Tensor
    weights: Tensor


class Classifier(Protocol):
    """A module with its own number of logits, loss and scores."""

    def __call__(self, features: Tensor) -> Tensor:
        """(R, C) features -> (R, any) float32 logits."""
        ...

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """A scalar."""
        ...

    def scores(self, logits: Tensor) -> Tensor:
        """(R, K + 1) probabilities, background last."""
        ...


class SoftmaxClassifier(nn.Module):
    """K + 1 logits that compete; the last is background."""

    def __init__(self, channels: int, num_categories: int) -> None:
        super().__init__()
        self.linear = _linear(channels, num_categories + 1, bias=0.0)

    def forward(self, features: Tensor) -> Tensor:
        """See `Classifier`."""
        return _logits(self.linear, features)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `softmax_cross_entropy`."""
        return softmax_cross_entropy(logits, targets.labels, targets.weights)

    def scores(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits.softmax(dim=1)


class SigmoidClassifier(nn.Module):
    """K independent logits; background is the absence of every category.

    Args:
        channels: C.
        num_categories: K.
        prior: Score that every category starts with. At 0.5 the first loss would be K log 2.
    """

    def __init__(self, channels: int, num_categories: int, prior: float) -> None:
        super().__init__()
        self.linear = _linear(channels, num_categories, bias=_logit(prior))

    def forward(self, features: Tensor) -> Tensor:
        """See `Classifier`."""
        return _logits(self.linear, features)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `sigmoid_cross_entropy`."""
        return sigmoid_cross_entropy(logits, targets.labels, targets.weights)

    def scores(self, logits: Tensor) -> Tensor:
        """See `Classifier`; the background column is zero."""
        return _sigmoid_scores(logits)


class EqualizationClassifier(nn.Module):
    """The sigmoid classifier with the equalization loss.

    Args:
        channels: C.
        tail: (K,) bool, the categories that are spared.
        prior: Score that every category starts with.
        use_verified: Whether verified categories keep their gradient (the challenge form).
    """

    tail: Tensor

    def __init__(self, channels: int, tail: Tensor, prior: float, use_verified: bool) -> None:
        super().__init__()
        self.linear = _linear(channels, len(tail), bias=_logit(prior))
        self.use_verified = use_verified
        # The tail is configuration: a later stage may set another one over the same weights.
        self.register_buffer("tail", tail.clone(), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """See `Classifier`."""
        return _logits(self.linear, features)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `equalization_loss`."""
        verified = targets.verified if self.use_verified else None
        return equalization_loss(logits, targets.labels, targets.weights, self.tail, verified)

    def scores(self, logits: Tensor) -> Tensor:
        """See `Classifier`; the background column is zero."""
        return _sigmoid_scores(logits)


def build_classifier(
    classifier: config.Classifier, channels: int, num_categories: int, tail: Tensor
) -> Classifier:
    """The module a configuration names, with new weights.

    Args:
        classifier: Which, and its parameters.
        channels: C, the width of the box head.
        num_categories: K.
        tail: (K,) bool, the tail categories of the training annotations.
    """
    match classifier:
        case config.Softmax():
            return SoftmaxClassifier(channels, num_categories)
        case config.Sigmoid(prior=prior):
            return SigmoidClassifier(channels, num_categories, prior)
        case config.Equalization(prior=prior, form=form):
            return EqualizationClassifier(channels, tail, prior, use_verified=form == "challenge")
        case _:
            assert_never(classifier)


def _linear(channels: int, outputs: int, bias: float) -> nn.Linear:
    linear = nn.Linear(channels, outputs)
    nn.init.normal_(linear.weight, std=0.01)
    nn.init.constant_(linear.bias, bias)
    return linear


def _logits(linear: nn.Linear, features: Tensor) -> Tensor:
    logits: Tensor = linear(features)
    return logits.float()


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _sigmoid_scores(logits: Tensor) -> Tensor:
    return torch.cat([logits.sigmoid(), logits.new_zeros(len(logits), 1)], dim=1)
