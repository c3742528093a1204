"""Categories compete, rarer ones under less pressure. C channels, K categories."""

import torch
from torch import Tensor, nn

from longtail.losses.seesaw import count_labels, seesaw_loss, seesaw_scores
from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.layers import last_layer, logits_of


class SeesawClassifier(nn.Module):
    """K + 2 logits: categories, foreground and background.

    The buffer `label_count` is (K,) int64, the RoIs of each category in training so far: it is in
    checkpoints and the same on every worker. In evaluation mode, as when frozen, it stays.

    Args:
        channels: C.
        num_categories: K.
        mitigation: See `seesaw_factors`.
        compensation: See `seesaw_factors`.
        temperature: See `last_layer`.
    """

    label_count: Tensor

    def __init__(
        self,
        channels: int,
        num_categories: int,
        *,
        mitigation: float,
        compensation: float,
        temperature: float | None = None,
    ) -> None:
        super().__init__()
        self.linear = last_layer(channels, num_categories + 2, bias=0.0, temperature=temperature)
        self.mitigation = mitigation
        self.compensation = compensation
        self.register_buffer("label_count", torch.zeros(num_categories, dtype=torch.int64))

    def forward(self, features: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits_of(self.linear, features)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `seesaw_loss`; counts the batch in first, as mmdetection does."""
        if self.training:
            self.label_count += count_labels(targets.labels, len(self.label_count))
        return seesaw_loss(
            logits,
            targets.labels,
            targets.weights,
            self.label_count,
            self.mitigation,
            self.compensation,
        )

    def scores(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return seesaw_scores(logits)

    def category_logits(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits[:, :-2]
