"""What every classifier of RoIs offers. R RoIs, C channels, K categories, background is label K."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


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
