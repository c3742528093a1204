"""Categories and background compete. R RoIs, C channels, K categories."""

from torch import Tensor, nn

from longtail.losses.logit_adjustment import log_prior, training_logits
from longtail.losses.softmax import softmax_cross_entropy
from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.layers import last_layer, logits_of


class SoftmaxClassifier(nn.Module):
    """K + 1 logits that compete; the last is background.

    Args:
        channels: C.
        num_categories: K.
        temperature: See `last_layer`.
    """

    def __init__(
        self, channels: int, num_categories: int, *, temperature: float | None = None
    ) -> None:
        super().__init__()
        self.linear = last_layer(channels, num_categories + 1, bias=0.0, temperature=temperature)

    def forward(self, features: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits_of(self.linear, features)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `softmax_cross_entropy`."""
        return softmax_cross_entropy(logits, targets.labels, targets.weights)

    def scores(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits.softmax(dim=1)

    def category_logits(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits[:, :-1]


class AdjustedSoftmaxClassifier(SoftmaxClassifier):
    """The softmax classifier with logit adjustment in its loss; scores are not adjusted.

    Args:
        channels: C.
        instance_count: (K,) training instances of each category.
        tau: See `training_logits`.
        temperature: See `last_layer`.
    """

    log_prior: Tensor

    def __init__(
        self,
        channels: int,
        instance_count: Tensor,
        *,
        tau: float,
        temperature: float | None = None,
    ) -> None:
        super().__init__(channels, len(instance_count), temperature=temperature)
        self.tau = tau
        self.register_buffer("log_prior", log_prior(instance_count), persistent=False)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `training_logits` and `softmax_cross_entropy`."""
        return super().loss(training_logits(logits, self.log_prior, self.tau), targets)
