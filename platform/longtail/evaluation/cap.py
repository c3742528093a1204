"""What the cap on detections per image takes away: how often it binds, and from which group.

Where it never binds, adding a number to the scores of rare categories changes no AP, because AP
ranks every category by itself; where it binds, such a change decides who is cut.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.set_columns import SetColumns


@dataclass(frozen=True)
class CapStatistics:
    """What a cap of `max_dets` detections per image cuts.

    Attributes:
        max_dets: The cap.
        images: Images with more detections than that.
        share_of_images: The same as a share of all images, in [0, 1].
        detections: Detections that are cut.
        by_group: Cut detections by the frequency group of their own category.
    """

    max_dets: int
    images: int
    share_of_images: float
    detections: int
    by_group: dict[str, int]

    def sentence(self) -> str:
        """The same for a reader."""
        groups = ", ".join(f"{letter} {count}" for letter, count in self.by_group.items())
        return (
            f"cap of {self.max_dets}: binds in {self.images} images ({self.share_of_images:.1%}), "
            f"cuts {self.detections} detections ({groups})"
        )


def beyond_cap(columns: SetColumns, max_dets: int) -> NDArray[np.bool_]:
    """(D,) the detections that are not among the best-scored `max_dets` of their image.

    Equal scores go to the earlier detection, as in lvis-api.
    """
    if not len(columns.image) or np.bincount(columns.image).max() <= max_dets:
        return np.zeros(len(columns.image), dtype=np.bool_)
    order = np.lexsort((-columns.score, columns.image))
    image = columns.image[order]
    rank = np.arange(len(image)) - np.searchsorted(image, image, side="left")
    cut = np.zeros(len(image), dtype=np.bool_)
    cut[order] = rank >= max_dets
    return cut


def cap_statistics(
    columns: SetColumns, categories: CategoryTable, num_images: int, max_dets: int
) -> CapStatistics:
    """Count what the cap cuts, judged or not: it comes before the federated rules.

    Args:
        columns: The whole prediction set.
        categories: The table that says which group a category belongs to.
        num_images: Images of the annotation file, with and without detections.
        max_dets: Detections that count per image.
    """
    per_image = np.bincount(columns.image, minlength=num_images)
    cut = np.bincount(columns.category[beyond_cap(columns, max_dets)], minlength=len(categories))
    images = int((per_image > max_dets).sum())
    return CapStatistics(
        max_dets=max_dets,
        images=images,
        share_of_images=images / num_images,
        detections=int(cut.sum()),
        by_group={letter: int(cut[categories.group(letter)].sum()) for letter in FREQUENCY_GROUPS},
    )
