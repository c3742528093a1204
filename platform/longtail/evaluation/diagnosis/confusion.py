"""Confusion of categories: what instances are taken for, over judged detections only.

Every detection takes, by falling score, the free instance of highest overlap, of whatever category.
Counting all detections instead would take every unjudged one for an error (evaluation.md): in a
federated data set nobody has looked whether it is right.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.diagnosis.judged_detections import NO_INSTANCE, JudgedDetections

NUM_PAIRS = 20


@dataclass(frozen=True)
class ConfusedPair:
    """Instances of one category taken for another.

    Attributes:
        object_id: Category id of the instances.
        object_name: Its name.
        object_group: r, c or f.
        detected_id: Category id of the detections.
        detected_name: Its name.
        detected_group: r, c or f.
        count: How many.
    """

    object_id: int
    object_name: str
    object_group: str
    detected_id: int
    detected_name: str
    detected_group: str
    count: int


@dataclass(frozen=True)
class Confusion:
    """Instances against detections by frequency group.

    Attributes:
        matrix: 4 rows of 4 counts. Rows: instances of r, c, f, and background (a detection on
            no free instance). Columns: detections of r, c, f, and missed (an instance that no
            detection takes). The rows of r, c, f add up to their instances, the columns to their
            detections.
        same_category: Of the cells r-r, c-c, f-f, how many are of one and the same category.
        pairs: The most frequent pairs of different categories, at most 20.
    """

    matrix: tuple[tuple[int, ...], ...]
    same_category: dict[str, int]
    pairs: tuple[ConfusedPair, ...]


def confusion(detections: JudgedDetections, categories: CategoryTable) -> Confusion:
    """Count the confusions of a prediction set.

    A detection on an ignored instance counts as nothing, and so does one on no free instance whose
    category is not exhaustively annotated in the image.
    """
    taken = detections.counterpart
    hit = (taken != NO_INSTANCE) & ~detections.on_ignored(taken)
    nothing = (taken == NO_INSTANCE) & detections.exhaustive
    missed = ~detections.gt_ignored
    missed[taken[hit]] = False
    wanted, found = detections.gt_label[taken[hit]], detections.label[hit]
    group = _group_index(categories)
    matrix = np.zeros((4, 4), dtype=np.int64)
    pairs = 3 * group[wanted] + group[found]
    matrix[:3, :3] = np.bincount(pairs, minlength=9).reshape(3, 3)
    matrix[3, :3] = np.bincount(group[detections.label[nothing]], minlength=3)
    matrix[:3, 3] = np.bincount(group[detections.gt_label[missed]], minlength=3)
    same = group[found[wanted == found]]
    return Confusion(
        matrix=tuple(tuple(row) for row in matrix.tolist()),
        same_category=dict(
            zip(FREQUENCY_GROUPS, np.bincount(same, minlength=3).tolist(), strict=True)
        ),
        pairs=_top_pairs(wanted, found, categories),
    )


def _group_index(categories: CategoryTable) -> NDArray[np.int64]:
    members = np.stack([categories.group(letter) for letter in FREQUENCY_GROUPS])
    index: NDArray[np.int64] = members.argmax(axis=0)
    return index


def _top_pairs(
    wanted: NDArray[np.int64], found: NDArray[np.int64], categories: CategoryTable
) -> tuple[ConfusedPair, ...]:
    different = wanted != found
    pairs, counts = np.unique(
        np.stack([wanted[different], found[different]]), axis=1, return_counts=True
    )
    top = np.argsort(-counts, kind="stable")[:NUM_PAIRS]
    ids, names, letters = categories.ids, categories.names, categories.frequency
    return tuple(
        ConfusedPair(
            int(ids[a]), names[a], str(letters[a]), int(ids[b]), names[b], str(letters[b]), int(n)
        )
        for (a, b), n in zip(pairs.T[top].tolist(), counts[top].tolist(), strict=True)
    )
