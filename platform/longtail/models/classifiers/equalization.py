"""The sigmoid classifier that spares the tail. C channels, K categories."""

from torch import Tensor

from longtail.categories import FREQUENCY_GROUPS
from longtail.losses.equalization import equalization_loss
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import ClassificationTargets, Classifier
from longtail.models.classifiers.double import DoubleClassifier
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
        return equalization_loss(
            logits, targets.labels, targets.weights, self.tail, verified, targets.category_weights
        )


def tail_categories(statistics: CategoryStatistics, tail_frequency: float | None) -> Tensor:
    """(K,) bool membership of the tail: EQL's threshold lambda on f_j, report 003 Eq. 4.

    It is empty where groups or images are not known, as for a detector that only predicts.

    Args:
        statistics: Of the training annotations.
        tail_frequency: Categories in a smaller share of the annotated training images are the
            tail; None takes the groups r and c.
    """
    if tail_frequency is None:
        rare, common = FREQUENCY_GROUPS.index("r"), FREQUENCY_GROUPS.index("c")
        group = statistics.frequency_group
        return (group == rare) | (group == common)
    # By no images the shares are infinite or not a number, neither of them below the threshold.
    return statistics.image_count.double() / statistics.num_images < tail_frequency


def protected_categories(classifier: Classifier) -> int:
    """Tail categories that the equalization loss spares in what learns; 0 without that loss."""
    learning = classifier.second if isinstance(classifier, DoubleClassifier) else classifier
    return int(learning.tail.sum()) if isinstance(learning, EqualizationClassifier) else 0
