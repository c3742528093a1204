"""Categories compete within groups of about as many instances. C channels, K categories."""

from torch import Tensor, nn

from longtail.losses.balanced_group_softmax import (
    EXTRA_LOGITS,
    balanced_group_softmax_loss,
    balanced_group_softmax_scores,
    groups_by_instances,
)
from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.layers import last_layer, logits_of


class BalancedGroupSoftmaxClassifier(nn.Module):
    """K + 6 logits: categories, "others" of each of the four groups, background and foreground.

    Args:
        channels: C.
        instance_count: (K,) training instances of each category.
        others_per_member: See `balanced_group_softmax_loss`.
        temperature: See `last_layer`.
    """

    groups: Tensor

    def __init__(
        self,
        channels: int,
        instance_count: Tensor,
        *,
        others_per_member: float,
        temperature: float | None = None,
    ) -> None:
        super().__init__()
        outputs = len(instance_count) + EXTRA_LOGITS
        self.linear = last_layer(channels, outputs, bias=0.0, temperature=temperature)
        self.others_per_member = others_per_member
        self.register_buffer("groups", groups_by_instances(instance_count), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits_of(self.linear, features)

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        """See `balanced_group_softmax_loss`."""
        return balanced_group_softmax_loss(
            logits, targets.labels, targets.weights, self.groups, self.others_per_member
        )

    def scores(self, logits: Tensor) -> Tensor:
        """See `Classifier`; a row sums to more than 1."""
        return balanced_group_softmax_scores(logits, self.groups)

    def category_logits(self, logits: Tensor) -> Tensor:
        """See `Classifier`."""
        return logits[:, :-EXTRA_LOGITS]
