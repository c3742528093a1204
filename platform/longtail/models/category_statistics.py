"""What losses know of the training set's categories. K categories."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longtail.categories import CategoryTable

UNKNOWN_GROUP = -1
"""Group of a category of which only counts are known, as by a checkpoint."""


@dataclass(frozen=True)
class CategoryStatistics:
    """The categories of the training annotations, in category order.

    Detectors that only predict may lack groups and images: losses alone go by them.

    Attributes:
        image_count: (K,) int64, training images that show the category: the groups r, c and f,
            the federated loss and NorCal go by it.
        instance_count: (K,) int64, training instances: balanced group softmax and logit adjustment
            go by it.
        frequency_group: (K,) int64, index into `FREQUENCY_GROUPS`, or `UNKNOWN_GROUP`.
        num_images: Training images with at least one instance; 0 where it is not known.
    """

    image_count: Tensor
    instance_count: Tensor
    frequency_group: Tensor
    num_images: int

    @classmethod
    def from_table(cls, categories: CategoryTable, num_images: int) -> Self:
        """What the training file says of its categories.

        Args:
            categories: Of the training file.
            num_images: Its images with at least one instance.

        Raises:
            ValueError: A table without counts.
        """
        counts = categories.image_count, categories.instance_count
        return cls.from_arrays(*counts, categories.group_index(), num_images)

    @classmethod
    def from_arrays(
        cls,
        image_count: NDArray[Any],
        instance_count: NDArray[Any],
        frequency_group: NDArray[Any] | None = None,
        num_images: int = 0,
    ) -> Self:
        """Copies of (K,) arrays of integers; without groups they are unknown.

        Raises:
            ValueError: The lengths differ, or a count is negative.
        """
        if frequency_group is None:
            frequency_group = np.full(len(image_count), UNKNOWN_GROUP)
        shapes = {array.shape for array in (image_count, instance_count, frequency_group)}
        if shapes != {(len(image_count),)}:
            raise ValueError(
                f"category statistics of the shapes {sorted(shapes)}: one row of K each is needed"
            )
        for name, counts in (("image_count", image_count), ("instance_count", instance_count)):
            if (counts < 0).any():
                raise ValueError(
                    f"{name} {counts[counts < 0][0]} of category index {counts.argmin()}:"
                    " counts start at 0"
                )
        return cls(
            image_count=torch.tensor(image_count, dtype=torch.int64),
            instance_count=torch.tensor(instance_count, dtype=torch.int64),
            frequency_group=torch.tensor(frequency_group, dtype=torch.int64),
            num_images=num_images,
        )

    @property
    def num_categories(self) -> int:
        """K."""
        return len(self.image_count)
