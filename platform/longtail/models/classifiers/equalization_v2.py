"""One binary classifier per category with balanced gradients. C channels, K categories."""

import torch
from torch import Tensor, nn

from longtail.losses.equalization_v2 import (
    equalization_v2_loss,
    equalization_v2_scores,
    gradient_ratio,
    gradient_weights,
    gradients_of_batch,
)
from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.layers import last_layer, logit, logits_of


class EqualizationV2Classifier(nn.Module):
    """K + 1 independent logits: categories, then background, which starts at a score of 1/2.

    The buffers `positive_gradient` and `negative_gradient` are (K,) float64, the sums of what
    `gradients_of_batch` gave in training so far: they are in checkpoints and the same on every
    worker. In evaluation mode, as when frozen, they stay.

    Args:
        channels: C.
        num_categories: K.
        prior: Score that every category starts with, before objectness.
        slope: See `gradient_weights`.
        midpoint: See `gradient_weights`.
        positive_gain: See `gradient_weights`.
        temperature: See `last_layer`.
    """

    positive_gradient: Tensor
    negative_gradient: Tensor

    def __init__(
        self,
        channels: int,
        num_categories: int,
        prior: float,
        *,
        slope: float,
        midpoint: float,
        positive_gain: float,
        temperature: float | None = None,
    ) -> None:
        super().__init__()
        self.linear = last_layer(
            channels, num_categories + 1, bias=logit(prior), temperature=temperature
        )
        nn.init.zeros_(self.linear.bias[-1:])
        self.slope = slope
        self.midpoint = midpoint
        self.positive_gain = positive_gain
        for name in ("positive_gradient", "negative_gradient"):
            self.register_buffer(name, torch.zeros(num_categories, dtype=torch.float64))

    def forward(self, features: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits_of(self.linear, features)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `equalization_v2_loss`; the batch itself counts from the next step on."""
        ratio = gradient_ratio(self.positive_gradient, self.negative_gradient)
        factors = gradient_weights(ratio, self.slope, self.midpoint, self.positive_gain)
        given = logits, targets.labels, targets.weights, factors, targets.category_weights
        loss = equalization_v2_loss(*given)
        if self.training:
            positive, negative = gradients_of_batch(*given)
            self.positive_gradient += positive
            self.negative_gradient += negative
        return loss

    def scores(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return equalization_v2_scores(logits)

    def category_logits(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits[:, :-1]
