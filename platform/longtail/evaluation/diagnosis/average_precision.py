"""AP out of true and false positives, as lvis-api's `accumulate` computes it for one threshold.

D detections, K categories.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.metrics import UNDEFINED

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
ALL_GROUPS = ("all", *FREQUENCY_GROUPS)


def average_precision(
    label: NDArray[np.int64],
    score: NDArray[np.float64],
    right: NDArray[np.bool_],
    wrong: NDArray[np.bool_],
    num_objects: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(K,) AP of each category at one overlap threshold, -1 without an object to be found.

    Args:
        label: (D,) category index.
        score: (D,) scores; equal ones count in the order of the rows.
        right: (D,) true positives.
        wrong: (D,) false positives; rows that are neither count as nothing.
        num_objects: (K,) objects to be found.
    """
    rows = np.flatnonzero(right | wrong)
    rows = rows[np.lexsort((-score[rows], label[rows]))]
    edges = np.searchsorted(label[rows], np.arange(len(num_objects) + 1))
    ap = np.full(len(num_objects), UNDEFINED)
    for k in np.flatnonzero(num_objects):
        ap[k] = _average(right[rows[edges[k] : edges[k + 1]]], int(num_objects[k]))
    return ap


def mean_by_group(ap: NDArray[np.float64], categories: CategoryTable) -> dict[str, float]:
    """Mean AP of all categories and of r, c and f; categories with -1 are left out."""
    members = {"all": np.ones(len(ap), dtype=np.bool_)}
    members |= {letter: categories.group(letter) for letter in FREQUENCY_GROUPS}
    return {name: _mean(ap[rows & (ap != UNDEFINED)]) for name, rows in members.items()}


def _average(right: NDArray[np.bool_], num_objects: int) -> float:
    found = np.cumsum(right)
    precision = found / (np.arange(1, len(right) + 1) + np.spacing(1))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(found / num_objects, RECALLS, side="left")
    return float(np.append(envelope, 0.0)[at].mean())


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else UNDEFINED
