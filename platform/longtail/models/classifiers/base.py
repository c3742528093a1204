"""What every classifier of RoIs offers. R RoIs, C channels, K categories, background is label K."""

from dataclasses import dataclass
from typing import Protocol, cast

from torch import Tensor, nn


@dataclass(frozen=True)
class ClassificationTargets:
    """What the sampled RoIs should be classified as.

    Attributes:
        labels: (R,) int64 in 0..K.
        verified: (R, K) bool, the category is in S_P or S_N of the RoI's own source image.
        weights: (R,) float32, the factor of each RoI.
        category_weights: (R, K) float32, besides it the factor of each category's loss; None where
            all are 1. Only classifiers with a loss for each category are given any.
    """

    labels: Tensor
    verified: Tensor
    weights: Tensor
    category_weights: Tensor | None = None


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

    def category_logits(self, logits: Tensor) -> Tensor:
        """(R, K) the columns of the logits that stand for categories and learn.

        It selects only, so that it also takes the gradient of logits to that of the categories.
        """
        ...


class ClassifierOnPooled(nn.Module):
    """Base of classifiers with layers of their own before the last one.

    Their `forward` takes the box head's (R, C) features and the (R, channels, side, side) pooled
    features that the box head was given.
    """


def classify(classifier: Classifier, features: Tensor, pooled: Tensor) -> Tensor:
    """(R, any) float32 logits of RoIs, for a classifier of either kind.

    Args:
        classifier: Which.
        features: (R, C), of the box head.
        pooled: (R, channels, side, side), what the box head was given.
    """
    if isinstance(classifier, ClassifierOnPooled):
        logits: Tensor = cast(nn.Module, classifier)(features, pooled)
        return logits
    return classifier(features)
