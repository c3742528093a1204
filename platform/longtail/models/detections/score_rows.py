"""The rows of scores that boxes are chosen by. P proposals of all images, K categories."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from longtail.models.classifiers.base import Classifier


class ScoreRows(Protocol):
    """From a classifier's logits to scores, in inference only."""

    def __call__(
        self, classifier: Classifier, logits: Tensor, lengths: Sequence[int]
    ) -> tuple[Tensor, ...]:
        """(P, K + 1) scores, background last.

        There are several where several detectors' outputs are united: each row of each of them
        gives boxes by itself.

        Args:
            classifier: Of the logits.
            logits: (P, any).
            lengths: Number of proposals of each image, in the order of `logits`.
        """
        ...


def as_they_are(
    classifier: Classifier, logits: Tensor, lengths: Sequence[int]
) -> tuple[Tensor, ...]:
    """The classifier's own scores."""
    return (classifier.scores(logits),)
