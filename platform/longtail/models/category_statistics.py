"""What losses know of the training set's categories. K categories."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class CategoryStatistics:
    """The categories of the training annotations, in category order.

    Attributes:
        tail: (K,) bool, the categories that the equalization loss spares.
        image_count: (K,) int64, training images that show the category: the groups r, c and f,
            the federated loss and NorCal go by it.
        instance_count: (K,) int64, training instances: balanced group softmax and logit adjustment
            go by it.
    """

    tail: Tensor
    image_count: Tensor
    instance_count: Tensor

    @classmethod
    def from_arrays(
        cls, tail: NDArray[np.bool_], image_count: NDArray[Any], instance_count: NDArray[Any]
    ) -> Self:
        """Copies of (K,) arrays: bool, integers and integers.

        Raises:
            ValueError: The lengths differ, or a count is negative.
        """
        shapes = {array.shape for array in (tail, image_count, instance_count)}
        if shapes != {(len(tail),)}:
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
            tail=torch.tensor(tail, dtype=torch.bool),
            image_count=torch.tensor(image_count, dtype=torch.int64),
            instance_count=torch.tensor(instance_count, dtype=torch.int64),
        )

    @property
    def num_categories(self) -> int:
        """K."""
        return len(self.tail)
