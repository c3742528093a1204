"""The sigmoid classifier that spares the tail. C channels, K categories."""

from torch import Tensor

from longtail.losses.equalization import equalization_loss
from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.sigmoid import SigmoidClassifier


class EqualizationClassifier(SigmoidClassifier):
    """The sigmoid classifier with the equalization loss.

    Args:
        channels: C.
        tail: (K,) bool, the categories that are spared.
        prior: Score that every category starts with.
        use_verified: Whether verified categories keep their gradient (the challenge form).
        temperature: See `last_layer`.
    """

    tail: Tensor

    def __init__(
        self,
        channels: int,
        tail: Tensor,
        prior: float,
        use_verified: bool,
        *,
        temperature: float | None = None,
    ) -> None:
        super().__init__(channels, len(tail), prior, temperature=temperature)
        self.use_verified = use_verified
        # The tail is configuration: a later stage may set another one over the same weights.
        self.register_buffer("tail", tail.clone(), persistent=False)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `equalization_loss`."""
        verified = targets.verified if self.use_verified else None
        return equalization_loss(logits, targets.labels, targets.weights, self.tail, verified)
