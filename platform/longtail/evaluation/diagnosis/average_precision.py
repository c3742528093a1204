"""AP out of true and false positives at one overlap threshold, and its means by group.

D detections, K categories.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.metrics.curves import fill_curves
from longtail.evaluation.protocol import RECALLS
from longtail.metrics import UNDEFINED

ALL_GROUPS = ("all", *FREQUENCY_GROUPS)


def average_precision(
    label: NDArray[np.int64],
    score: NDArray[np.float64],
    true_positive: NDArray[np.bool_],
    false_positive: NDArray[np.bool_],
    num_instances: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(K,) AP of each category at one overlap threshold, -1 without an instance to be found.

    Args:
        label: (D,) category index.
        score: (D,) scores; equal ones count in the order of the rows.
        true_positive: (D,) at most as many of a category as instances.
        false_positive: (D,) detections that are neither count as nothing.
        num_instances: (K,) instances to be found.
    """
    rows = np.flatnonzero(true_positive | false_positive)
    rows = rows[np.lexsort((-score[rows], label[rows]))]
    precision = np.full((1, len(RECALLS), len(num_instances)), UNDEFINED)
    fill_curves(
        true_positive[rows].astype(np.uint16),
        np.zeros(len(rows), dtype=np.uint16),
        np.searchsorted(label[rows], np.arange(len(num_instances) + 1)),
        num_instances,
        precision,
        np.full((1, len(num_instances)), UNDEFINED),
    )
    ap: NDArray[np.float64] = np.ascontiguousarray(precision[0].T).mean(axis=1)
    return ap


def mean_by_group(ap: NDArray[np.float64], categories: CategoryTable) -> dict[str, float]:
    """Mean AP of all categories and of r, c and f; categories with -1 are left out.

    Args:
        ap: (K,) AP of each category.
        categories: The K categories.
    """
    members = {"all": np.ones(len(ap), dtype=np.bool_)}
    members |= {letter: categories.group(letter) for letter in FREQUENCY_GROUPS}
    return {name: _mean(ap[rows & (ap != UNDEFINED)]) for name, rows in members.items()}


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else UNDEFINED
