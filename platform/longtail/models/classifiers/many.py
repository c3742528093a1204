"""The classifiers that are trained in one pass over the data: in training alone.

R RoIs, C channels, M members: most often one. A member may be a cascade's, one for each stage.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from longtail.models.classifiers.base import ClassificationTargets, Classifier
from longtail.models.classifiers.by_stage import (
    AnyClassifier,
    OverStages,
    classifier_of_stage,
    logits_at,
    loss_of,
)

Watch = Callable[[Classifier, Tensor, ClassificationTargets], None]
"""Told a classifier, its logits and their targets before the loss is computed from them. Of a
cascade that is the first stage, whose RoIs are proposals as a plain detector's are."""


class ManyClassifiers(OverStages):
    """Stands in the place of a classifier while M are trained on the same RoIs.

    Args:
        members: The classifiers, of any kind. Also `nn.Module`s.
        watchers: What is told of the steps of each.
    """

    def __init__(self, members: Sequence[AnyClassifier], watchers: Sequence[Watch]) -> None:
        super().__init__()
        self.members = nn.ModuleList(cast(Sequence[nn.Module], members))
        self._watchers = tuple(watchers)

    def stage_logits(self, stage: int, features: Tensor, pooled: Tensor) -> list[Tensor]:
        """The logits of each member."""
        return [logits_at(member, stage, features, pooled) for member in self._classifiers()]

    def loss_of_stages(
        self,
        logits: Sequence[Sequence[Any]],
        targets: Sequence[ClassificationTargets],
        factors: Sequence[float],
    ) -> Tensor:
        """(M,) the loss of each member.

        Each draws its random numbers from where the first began, as if it were alone. Losses draw
        from torch's generator on the CPU: see `common_generator`.
        """
        before = torch.get_rng_state()
        losses = []
        by_member = zip(*logits, strict=True)
        members = zip(self._classifiers(), self._watchers, by_member, strict=True)
        for member, watch, own in members:
            torch.set_rng_state(before)
            watch(classifier_of_stage(member, 0), own[0], targets[0])
            losses.append(loss_of(member, own, targets, factors))
        return torch.stack(losses)

    def _classifiers(self) -> list[AnyClassifier]:
        return cast(list[AnyClassifier], list(self.members))
