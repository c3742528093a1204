"""What the classifier gets of mixed pictures: the foreground RoIs of its steps.

R RoIs of a step, K categories, background is label K.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from docs.studies.watched import watch_steps
from longtail.categories import FREQUENCY_GROUPS
from longtail.config.variant import Variant
from longtail.data.lvis.annotations import Annotations
from longtail.models.classifiers.base import ClassificationTargets

STEPS = 60


@dataclass
class RoICounts:
    """RoIs by what they should be classified as.

    Attributes:
        num_categories: K.
        steps: (K + 1,) of each step.
    """

    num_categories: int
    steps: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, logits: Tensor, targets: ClassificationTargets) -> None:
        """Count a step in."""
        self.steps.append(np.bincount(targets.labels.numpy(), minlength=self.num_categories + 1))

    def by_group(self, groups: dict[str, NDArray[np.bool_]]) -> dict[str, float]:
        """Foreground RoIs a step by group of categories, and background."""
        mean = np.mean(self.steps, axis=0)
        found = {letter: float(mean[:-1][group].sum()) for letter, group in groups.items()}
        return {**found, "background": float(mean[-1])}


def rois_of(
    variant: Variant, checkpoint: Path, annotations: Annotations, images: Path
) -> dict[str, float]:
    """Mean RoIs of a step of the row's second stage, over its trained trunk.

    Args:
        variant: The row.
        checkpoint: Of the trunk.
        annotations: The training file.
        images: Folder of its pictures.
    """
    counts = RoICounts(len(annotations.categories))
    watch_steps(variant, checkpoint, annotations, images, variant.stages[1], STEPS, counts.add)
    return counts.by_group(
        {letter: annotations.categories.group(letter) for letter in FREQUENCY_GROUPS}
    )
