"""A softmax classifier's scores with the training set's imbalance taken out, in inference only.

P proposals, K categories, background is the last column.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from longtail.losses.logit_adjustment import log_prior, post_hoc_logits
from longtail.losses.norcal import norcal_scores
from longtail.models.classifiers.base import Classifier
from longtail.models.classifiers.softmax import SoftmaxClassifier


@dataclass(frozen=True)
class NorCalRows:
    """See `norcal_scores`; implements `ScoreRows`.

    Attributes:
        image_count: (K,) training images of each category.
        gamma: 0 gives the classifier's own scores.
    """

    image_count: Tensor
    gamma: float

    def __call__(
        self, classifier: Classifier, logits: Tensor, lengths: Sequence[int]
    ) -> tuple[Tensor, ...]:
        """See `ScoreRows`.

        Raises:
            ValueError: The classifier is not a single softmax.
        """
        _require_softmax(classifier, "norcal")
        return (norcal_scores(logits, self.image_count.to(logits.device), self.gamma),)


@dataclass(frozen=True)
class LogitAdjustedRows:
    """The softmax of `post_hoc_logits`; implements `ScoreRows`.

    Attributes:
        instance_count: (K,) training instances of each category.
        tau: 0 gives the classifier's own scores.
    """

    instance_count: Tensor
    tau: float

    def __call__(
        self, classifier: Classifier, logits: Tensor, lengths: Sequence[int]
    ) -> tuple[Tensor, ...]:
        """See `ScoreRows`.

        Raises:
            ValueError: The classifier is not a single softmax.
        """
        _require_softmax(classifier, "logit_adjustment")
        prior = log_prior(self.instance_count.to(logits.device))
        return (post_hoc_logits(logits, prior, self.tau).softmax(dim=1),)


def _require_softmax(classifier: Classifier, adjustment: str) -> None:
    if not isinstance(classifier, SoftmaxClassifier):
        raise ValueError(
            f"inference.score_adjustment {adjustment}: {type(classifier).__name__} has no single"
            " softmax to adjust; use classifier softmax, or score_adjustment none"
        )
