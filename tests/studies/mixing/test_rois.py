"""Counts of RoIs by group."""

import numpy as np
import torch

from docs.studies.mixing.rois import RoICounts
from longtail.models.classifiers.base import ClassificationTargets


def targets(labels: list[int]) -> ClassificationTargets:
    return ClassificationTargets(
        torch.tensor(labels), torch.ones(len(labels), 3, dtype=torch.bool), torch.ones(len(labels))
    )


def test_rois_of_a_step_are_counted_by_group_and_background_apart() -> None:
    counts = RoICounts(num_categories=3)
    counts.add(torch.zeros(5, 4), targets([0, 0, 2, 3, 3]))
    counts.add(torch.zeros(2, 4), targets([1, 3]))
    groups = {"r": np.array([True, True, False]), "f": np.array([False, False, True])}
    assert counts.by_group(groups) == {"r": 1.5, "f": 0.5, "background": 1.5}
