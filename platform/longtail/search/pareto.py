"""The Pareto front: points in several metrics that no other one dominates.

Letters: N points, M metrics.
"""

import numpy as np
from numpy.typing import NDArray


def non_dominated(values: NDArray[np.float64], keep_equal: bool) -> NDArray[np.int64]:
    """Rows that no other one dominates, by falling columns; of equal rows the earlier comes first.

    A row dominates another one if it is as good in every column and better in one.

    Args:
        values: (N, M), more is better.
        keep_equal: Whether rows of the front that are equal stay together; else the first is there.
    """
    kept: list[int] = []
    for row in np.lexsort((np.arange(len(values)), *(-values).T[::-1])).tolist():
        if kept and (values[kept[-1]] == values[row]).all():
            if keep_equal:
                kept.append(row)
        # Whoever comes later does not dominate one of these.
        elif not kept or not (values[kept] >= values[row]).all(axis=1).any():
            kept.append(row)
    return np.array(kept, np.int64)
