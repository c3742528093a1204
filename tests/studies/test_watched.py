"""Looking at what a classifier is given."""

import torch
from torch import Tensor, nn

from docs.studies.watched import Watched
from longtail.models.classifiers.base import ClassificationTargets


def test_a_watched_classifier_shows_its_logits_and_teaches_nothing() -> None:
    seen: list[tuple[Tensor, ClassificationTargets]] = []
    linear = nn.Linear(2, 4)
    watched = Watched(linear, lambda logits, targets: seen.append((logits, targets)))
    features = torch.rand(3, 2)
    targets = ClassificationTargets(
        torch.tensor([0, 1, 3]), torch.ones(3, 3, dtype=torch.bool), torch.ones(3)
    )
    loss = watched.loss(watched(features), targets)
    loss.backward()
    assert seen[0][1] is targets
    assert torch.equal(seen[0][0], linear(features))
    assert loss == 0
    assert linear.weight.grad is not None and not linear.weight.grad.any()
