"""One binary classifier per category. R RoIs, C channels, K categories."""

import torch
from torch import Tensor, nn

from longtail.losses.sigmoid import sigmoid_cross_entropy
from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.layers import last_layer, logit, logits_of


class SigmoidClassifier(nn.Module):
    """K independent logits; background is the absence of every category.

    Args:
        channels: C.
        num_categories: K.
        prior: Score that every category starts with. At 0.5 the first loss would be K log 2.
        temperature: See `last_layer`.
    """

    def __init__(
        self, channels: int, num_categories: int, prior: float, *, temperature: float | None = None
    ) -> None:
        super().__init__()
        self.linear = last_layer(
            channels, num_categories, bias=logit(prior), temperature=temperature
        )

    def forward(self, features: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits_of(self.linear, features)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `sigmoid_cross_entropy`."""
        return sigmoid_cross_entropy(
            logits, targets.labels, targets.weights, targets.category_weights
        )

    def scores(self, logits: Tensor) -> Tensor:
        """See `Classifier`; the background column is zero."""
        return torch.cat([logits.sigmoid(), logits.new_zeros(len(logits), 1)], dim=1)

    def category_logits(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits
