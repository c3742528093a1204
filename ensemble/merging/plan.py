"""Everything that a merge needs for each of its blocks.

M sources, K categories.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ensemble.calibration.file import Calibration
from ensemble.fusion.settings import MergeSettings
from ensemble.sources.open import OpenedSource
from ensemble.sources.source_set import SourceSet
from longtail.categories import CategoryTable
from longtail.predictions.image_set import ImageSet

UNION, CALIBRATED, FUSED, MASKED, CAPPED = "union", "calibration", "fusion", "masks", "cap"


@dataclass(frozen=True, eq=False)
class MergePlan:
    """What one merge does; it can be sent to another process.

    Attributes:
        images: The images of all sources.
        categories: K categories with frequency groups.
        sources: M sources by name.
        settings: What to do.
        calibration: Fitted to some of the sources; None leaves all scores as they are.
    """

    images: ImageSet
    categories: CategoryTable
    sources: Sequence[OpenedSource]
    settings: MergeSettings
    calibration: Calibration | None = None

    @property
    def names(self) -> list[str]:
        """The names of the sources."""
        return [source.spec.name for source in self.sources]

    def source_set(self) -> SourceSet:
        """The sources as fusion is told of them."""
        trusted = np.stack([source.trusted_categories for source in self.sources])
        return SourceSet([source.spec for source in self.sources], trusted)

    @property
    def has_masks(self) -> bool:
        """Whether any source has masks."""
        return not all(source.boxes_only for source in self.sources)

    def steps(self) -> list[str]:
        """The steps that can be evaluated before the last, the cut by score + margin."""
        calibrated = [CALIBRATED] if self.calibration is not None else []
        masked = [MASKED] if self.settings.changes_masks else []
        return [UNION, *calibrated, FUSED, *masked, CAPPED]
