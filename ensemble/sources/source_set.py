"""What fusion is told of the sources: weights, sizes, scales, and the categories they know.

M sources, K categories.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ensemble.sources.spec import SourceSpec
from ensemble.sources.valid_area import ValidArea


@dataclass(frozen=True, eq=False)
class SourceSet:
    """M sources, in the order of their names.

    Attributes:
        specs: What the user said of each.
        trusted_categories: (M, K) bool, the categories that each may find.
    """

    specs: Sequence[SourceSpec]
    trusted_categories: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.specs)

    @property
    def num_categories(self) -> int:
        """K."""
        return int(self.trusted_categories.shape[1])

    @cached_property
    def names(self) -> list[str]:
        """M names."""
        return [spec.name for spec in self.specs]

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """(M,) weight of each source."""
        return np.array([spec.weight for spec in self.specs])

    @cached_property
    def areas(self) -> list[ValidArea]:
        """M valid areas: the object sizes that each is trusted with."""
        return [spec.valid_area for spec in self.specs]

    @cached_property
    def scales(self) -> list[int | None]:
        """M test scales, None where they are not known."""
        return [spec.scale for spec in self.specs]
