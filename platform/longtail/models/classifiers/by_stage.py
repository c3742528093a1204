"""The classifiers of a cascade, one for each of its stages. R RoIs, C channels, K categories."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from longtail.models.classifiers.base import ClassificationTargets, Classifier, classify


class OverStages(nn.Module):
    """Base of what stands in the place of a classifier and tells the stages apart."""

    @abstractmethod
    def stage_logits(self, stage: int, features: Tensor, pooled: Tensor) -> Any:
        """The logits of a stage's RoIs; see `classify`."""

    @abstractmethod
    def loss_of_stages(
        self,
        logits: Sequence[Any],
        targets: Sequence[ClassificationTargets],
        factors: Sequence[float],
    ) -> Tensor:
        """The loss of all stages together; see `loss_of`."""


class StageClassifiers(OverStages):
    """Alike classifiers, each with weights of its own; in the state their names are numbers.

    Args:
        members: Of each stage; also `nn.Module`s.
    """

    def __init__(self, members: Sequence[Classifier]) -> None:
        super().__init__()
        for number, member in enumerate(members):
            self.add_module(str(number), cast(nn.Module, member))

    def stage(self, number: int) -> Classifier:
        """The classifier of a stage."""
        return cast(Classifier, self.get_submodule(str(number)))

    def stage_logits(self, stage: int, features: Tensor, pooled: Tensor) -> Tensor:
        """(R, any) float32."""
        return classify(self.stage(stage), features, pooled)

    def loss_of_stages(
        self,
        logits: Sequence[Tensor],
        targets: Sequence[ClassificationTargets],
        factors: Sequence[float],
    ) -> Tensor:
        """The weighted sum over the stages."""
        of_stages = zip(factors, logits, targets, strict=True)
        losses = [
            factor * self.stage(number).loss(own, rois)
            for number, (factor, own, rois) in enumerate(of_stages)
        ]
        return torch.stack(losses).sum()


AnyClassifier = Classifier | OverStages
"""What may stand in the place of the RoI heads' classifier."""


def logits_at(classifier: AnyClassifier, stage: int, hidden: Tensor, pooled: Tensor) -> Any:
    """The logits of a stage's RoIs, where a single classifier has one stage."""
    if isinstance(classifier, OverStages):
        return classifier.stage_logits(stage, hidden, pooled)
    assert stage == 0, "a single classifier has one stage"
    return classify(classifier, hidden, pooled)


def loss_of(
    classifier: AnyClassifier,
    logits: Sequence[Any],
    targets: Sequence[ClassificationTargets],
    factors: Sequence[float],
) -> Tensor:
    """The loss over all stages: a scalar, or (M,) of the classifiers that are trained at once.

    Args:
        classifier: Of all stages.
        logits: What `logits_at` gave, of each stage.
        targets: Of the RoIs of each stage.
        factors: Of the loss of each stage.
    """
    if isinstance(classifier, OverStages):
        return classifier.loss_of_stages(logits, targets, factors)
    ((own,), (rois,), (factor,)) = logits, targets, factors
    return factor * classifier.loss(own, rois)


def classifier_of_stage(classifier: AnyClassifier, number: int) -> Classifier:
    """The classifier of a stage; a single one stands for all."""
    if isinstance(classifier, StageClassifiers):
        return classifier.stage(number)
    assert not isinstance(classifier, OverStages), "classifiers that are trained at once"
    return classifier
