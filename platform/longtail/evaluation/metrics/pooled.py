"""AP-pool: one precision-recall curve for all categories together (Dave et al. 2021).

The detections of all categories are ranked by score in one list, so that a model whose scores
mean different things for rare and for frequent categories loses. Every instance weighs the same
here, while in AP every category does. Equal scores go by image, then category, then rank within
them.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.metrics.match_table import MatchTable
from longtail.evaluation.metrics.summary import NUM_RECALLS
from longtail.metrics import UNDEFINED


def ap_pool(table: MatchTable) -> float:
    """Mean over the IoU thresholds of the pooled AP at 101 recall levels.

    Matching is that of AP: within a category, and federated. -1 without ground truth.
    """
    num_instances = int(table.gt_count.sum())
    if num_instances == 0:
        return UNDEFINED
    within_category = np.arange(len(table.score))
    order = np.lexsort((within_category, table.category, table.image, -table.score))
    hits = table.matched[order] & ~table.ignored[order]
    misses = ~table.matched[order] & ~table.ignored[order]
    thresholds = range(table.matched.shape[1])
    return float(np.mean([_ap(hits[:, t], misses[:, t], num_instances) for t in thresholds]))


def _ap(hits: NDArray[np.bool_], misses: NDArray[np.bool_], num_instances: int) -> float:
    found, wrong = np.cumsum(hits).astype(float), np.cumsum(misses).astype(float)
    # lvis-api's guard against 0 / 0, part of the value.
    precision = found / (wrong + found + np.spacing(1))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    levels = np.linspace(0, 1, NUM_RECALLS)
    index = np.searchsorted(found / num_instances, levels, side="left")
    return float(np.append(envelope, 0.0)[index].mean())
