"""The classifiers that are trained in one pass over the data: in training alone.

R RoIs, C channels, M members: most often one.
"""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from longtail.models.classifiers.base import (
    ClassificationTargets,
    Classifier,
    ClassifierOnPooled,
    classify,
)

Watch = Callable[[Classifier, Tensor, ClassificationTargets], None]
"""Told a classifier, its logits and their targets before the loss is computed from them."""


class ManyClassifiers(ClassifierOnPooled):
    """Stands in the place of a classifier while M are trained on the same RoIs.

    Args:
        members: The classifiers, of any kind. Also `nn.Module`s.
        watchers: What is told of the steps of each.
    """

    def __init__(self, members: Sequence[Classifier], watchers: Sequence[Watch]) -> None:
        super().__init__()
        self.members = nn.ModuleList(cast(Sequence[nn.Module], members))
        self._watchers = tuple(watchers)

    def forward(self, features: Tensor, pooled: Tensor) -> list[Tensor]:
        """The logits of each member."""
        return [classify(member, features, pooled) for member in self._classifiers()]

    def loss(self, logits: Sequence[Tensor], targets: ClassificationTargets) -> Tensor:
        """(M,) the loss of each member.

        Each draws its random numbers from where the first began, as if it were alone. Losses draw
        from torch's generator on the CPU: see `common_generator`.
        """
        before = torch.get_rng_state()
        losses = []
        members = zip(self._classifiers(), self._watchers, logits, strict=True)
        for member, watch, own in members:
            torch.set_rng_state(before)
            watch(member, own, targets)
            losses.append(member.loss(own, targets))
        return torch.stack(losses)

    def _classifiers(self) -> list[Classifier]:
        return cast(list[Classifier], list(self.members))
