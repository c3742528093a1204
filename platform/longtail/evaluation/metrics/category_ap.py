"""AP of single categories, beside what is known of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable


@dataclass(frozen=True)
class CategoryAP:
    """AP of one category over all areas; -1 where the split has no instance of it.

    Attributes:
        id: The file's category id.
        name: The file's name for it.
        group: r, c or f.
        image_count: Training images with the category.
        instance_count: Training instances.
        segm_ap: Mask AP as a fraction.
        box_ap: Box AP as a fraction.
    """

    id: int
    name: str
    group: str
    image_count: int
    instance_count: int
    segm_ap: float
    box_ap: float


def category_records(
    counted: CategoryTable,
    frequency: NDArray[np.str_],
    segm_ap: NDArray[np.float64],
    box_ap: NDArray[np.float64],
) -> tuple[CategoryAP, ...]:
    """A record for each of K categories, by ascending id.

    Args:
        counted: Names and counts of training.
        frequency: (K,) r, c or f, as AP is grouped.
        segm_ap: (K,) mask AP as fractions, -1 where undefined.
        box_ap: (K,) the same of boxes.
    """
    columns = (
        counted.ids.tolist(),
        counted.names,
        frequency.tolist(),
        counted.image_count.tolist(),
        counted.instance_count.tolist(),
        segm_ap.tolist(),
        box_ap.tolist(),
    )
    return tuple(CategoryAP(*row) for row in zip(*columns, strict=True))
