"""Annotation records of a painted picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST_PART = 4
"""Pixels; visible parts of fewer are left out."""

Record = dict[str, Any]


def instance_records(
    image_id: int, labels: Sequence[int | None], owner: NDArray[np.int64]
) -> list[Record]:
    """An annotation without `id` for each object that is seen; category ids are labels + 1.

    Args:
        image_id: Of the picture.
        labels: Category index of each object drawn; None for one that nobody annotates.
        owner: (H, W) position in `labels` of the object seen at each pixel, -1 for none.
    """
    # SciPy, which a set that is there already does not need.
    from longtail.data.synthetic.contours import outlines

    found = []
    for k, label in enumerate(labels):
        rings = outlines(owner == k, SMALLEST_PART) if label is not None else []
        if label is not None and rings:
            points = np.concatenate(rings)
            (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
            found.append(
                {
                    "image_id": image_id,
                    "category_id": label + 1,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": sum(_area(ring) for ring in rings),
                    "segmentation": [ring.ravel().tolist() for ring in rings],
                }
            )
    return found


def _area(ring: NDArray[np.int64]) -> int:
    x, y = ring.T
    return abs(int(x @ np.roll(y, -1) - y @ np.roll(x, -1))) // 2
