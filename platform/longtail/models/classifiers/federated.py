"""The sigmoid classifier that judges few categories a step. C channels, K categories."""

from torch import Tensor

from longtail.losses.federated import draw_categories, federated_loss
from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.sigmoid import SigmoidClassifier


class FederatedClassifier(SigmoidClassifier):
    """The sigmoid classifier with the federated loss.

    Args:
        channels: C.
        image_count: (K,) training images of each category.
        prior: Score that every category starts with.
        num_judged: See `draw_categories`.
        frequency_power: See `draw_categories`.
        keep_verified: Whether a RoI also judges the categories verified in its own image.
        temperature: See `last_layer`.
    """

    image_count: Tensor

    def __init__(
        self,
        channels: int,
        image_count: Tensor,
        prior: float,
        *,
        num_judged: int,
        frequency_power: float,
        keep_verified: bool,
        temperature: float | None = None,
    ) -> None:
        super().__init__(channels, len(image_count), prior, temperature=temperature)
        self.num_judged = num_judged
        self.frequency_power = frequency_power
        self.keep_verified = keep_verified
        self.register_buffer("image_count", image_count.clone(), persistent=False)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `federated_loss`."""
        judged = draw_categories(
            targets.labels, self.image_count, self.num_judged, self.frequency_power
        )
        verified = targets.verified if self.keep_verified else None
        return federated_loss(
            logits, targets.labels, targets.weights, judged, verified, targets.category_weights
        )
