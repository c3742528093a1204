"""Where gradients come from."""

import pytest
import torch

from docs.studies.tail.gradients import Gradients
from longtail.models.classifiers.base import ClassificationTargets


def test_gradients_are_divided_by_where_they_come_from() -> None:
    # Scores of 1/2 everywhere: each gradient is 1/2. RoI 0 is of category 0, in an image in which
    # category 1 is verified; RoI 1 is of category 1; RoI 2 is background.
    targets = ClassificationTargets(
        labels=torch.tensor([0, 1, 3]),
        verified=torch.tensor([[True, True, False], [False, True, False], [False] * 3]),
        weights=torch.ones(3),
    )
    gradients = Gradients()
    gradients.add(torch.zeros(3, 3), targets)
    first = gradients.of(torch.tensor([True, False, False]))
    assert first == {"ratio": 2, "background": 0.5, "verified": 0, "spared": 0.5}
    both = gradients.of(torch.tensor([True, True, False]))
    assert both == pytest.approx({"ratio": 2, "background": 0.5, "verified": 0.25, "spared": 0.25})
