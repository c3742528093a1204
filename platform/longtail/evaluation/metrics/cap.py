"""The cap on detections per image: who is within it, as lvis-api decides, and what it takes away.

S rows, N images. Where it never binds, adding a number to the scores of rare categories changes no
AP, because AP ranks every category by itself; where it binds, such a change decides who is cut.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.matching.shard import DetectionScores


@dataclass(frozen=True)
class CapStatistics:
    """What a cap of `max_dets` detections per image cuts.

    Attributes:
        max_dets: The cap.
        images: Images with more detections than that.
        share_of_images: The same as a fraction of all images, in [0, 1].
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


def beyond_cap(detections: DetectionScores, max_dets: int) -> NDArray[np.bool_]:
    """(D,) the detections that are not among the best-scored `max_dets` of their image.

    Equal scores go to the earlier detection, as in lvis-api.
    """
    if not len(detections.image) or np.bincount(detections.image).max() <= max_dets:
        return np.zeros(len(detections.image), dtype=np.bool_)
    return place_in_group(detections.image, detections.score) >= max_dets


def place_in_group(group: NDArray[np.int64], score: NDArray[np.float64]) -> NDArray[np.int64]:
    """(D,) how many of its group come before a detection: the better scored, of equals the earlier.

    Args:
        group: (D,) image or category.
        score: (D,) scores.
    """
    order = np.lexsort((-score, group))
    ordered = group[order]
    place = np.empty(len(group), dtype=np.int64)
    place[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered, side="left")
    return place


def cap_statistics(
    detections: DetectionScores, categories: CategoryTable, num_images: int, max_dets: int
) -> CapStatistics:
    """Count what the cap cuts, judged or not: it comes before the federated rules.

    Args:
        detections: The whole prediction set.
        categories: The table that says which group a category belongs to.
        num_images: Images of the annotation file, with and without detections.
        max_dets: Detections that count per image.
    """
    per_image = np.bincount(detections.image, minlength=num_images)
    cut = np.bincount(
        detections.category[beyond_cap(detections, max_dets)], minlength=len(categories)
    )
    images = int((per_image > max_dets).sum())
    return CapStatistics(
        max_dets=max_dets,
        images=images,
        share_of_images=images / num_images,
        detections=int(cut.sum()),
        by_group={letter: int(cut[categories.group(letter)].sum()) for letter in FREQUENCY_GROUPS},
    )


@njit(cache=True, nogil=True)
def within_cap(
    scores: NDArray[np.float64], image_starts: NDArray[np.int64], max_dets: int
) -> NDArray[np.bool_]:
    """(S,) whether a row is among the `max_dets` best of its image; the earlier of equals is.

    Args:
        scores: (S,) of all rows, judged or not.
        image_starts: (N + 1,) where the rows of each image start.
        max_dets: At least 1.
    """
    kept = np.ones(len(scores), dtype=np.bool_)
    largest = 0
    for image in range(len(image_starts) - 1):
        largest = max(largest, image_starts[image + 1] - image_starts[image])
    workspace = np.empty((2, largest))
    for image in range(len(image_starts) - 1):
        start, end = image_starts[image], image_starts[image + 1]
        if end - start <= max_dets:
            continue
        for row in range(start, end):
            workspace[0, row - start] = scores[row]
        lowest_kept = _kth_smallest(workspace, end - start, end - start - max_dets)
        free = max_dets
        for row in range(start, end):
            kept[row] = scores[row] > lowest_kept
            free -= kept[row]
        for row in range(start, end):
            if free > 0 and scores[row] == lowest_kept:
                kept[row] = True
                free -= 1
    return kept


@njit(nogil=True)
def _kth_smallest(workspace: NDArray[np.float64], num: int, k: int) -> float:
    """Element k in rising order of the first `num` of row 0; both rows are overwritten.

    Every element is written, and the place for the next one moves on or not: without a branch to
    foresee this takes a quarter of the time of numpy's partition.
    """
    values, rest = workspace[0], workspace[1]
    while True:
        first, middle, last = values[0], values[num // 2], values[num - 1]
        pivot: float = max(min(first, middle), min(max(first, middle), last))
        num_below = 0
        for i in range(num):
            rest[num_below] = values[i]
            num_below += values[i] < pivot
        if k < num_below:
            values, rest, num = rest, values, num_below
            continue
        num_above = 0
        for i in range(num):
            rest[num_above] = values[i]
            num_above += values[i] > pivot
        if k < num - num_above:
            return pivot
        k -= num - num_above
        values, rest, num = rest, values, num_above
