"""A softmax classifier's scores with the training set's imbalance taken out, in inference only.

P proposals, K categories, background is the last column.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from longtail.losses.logit_adjustment import log_prior, post_hoc_logits
from longtail.losses.norcal import norcal_scores
from longtail.models.classifiers.base import Classifier
from longtail.models.classifiers.softmax import SoftmaxClassifier


@dataclass(frozen=True)
class AdjustedRows:
    """Scores that go by the categories' counts; implements `ScoreRows`.

    Attributes:
        name: Of the adjustment, for the error text.
        count: (K,) training images or instances of each category.
        adjust: (P, K + 1) scores from as many logits and `count` on their device.
    """

    name: str
    count: Tensor
    adjust: Callable[[Tensor, Tensor], Tensor]

    def __call__(
        self, classifier: Classifier, logits: Tensor, lengths: Sequence[int]
    ) -> tuple[Tensor, ...]:
        """See `ScoreRows`.

        Raises:
            ValueError: The classifier is not a single softmax.
        """
        if not isinstance(classifier, SoftmaxClassifier):
            raise ValueError(
                f"inference.score_adjustment {self.name}: {type(classifier).__name__} has no single"
                " softmax to adjust; use classifier softmax, or score_adjustment none"
            )
        return (self.adjust(logits, self.count.to(logits.device)),)


def norcal_rows(image_count: Tensor, gamma: float) -> AdjustedRows:
    """See `norcal_scores`; gamma 0 gives the classifier's own scores."""
    return AdjustedRows("norcal", image_count, partial(norcal_scores, gamma=gamma))


def logit_adjusted_rows(instance_count: Tensor, tau: float) -> AdjustedRows:
    """The softmax of `post_hoc_logits`; tau 0 gives the classifier's own scores."""
    return AdjustedRows("logit_adjustment", instance_count, partial(_without_prior, tau=tau))


def _without_prior(logits: Tensor, instance_count: Tensor, tau: float) -> Tensor:
    return post_hoc_logits(logits, log_prior(instance_count), tau).softmax(dim=1)
