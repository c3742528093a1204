"""AP-pool: one precision-recall curve for all categories together (Dave et al. 2021).

The detections of all categories are ranked by score in one list, so that a model whose scores
mean different things for rare and for frequent categories loses. Every instance weighs the same
here, while in AP every category does. Equal scores go by image, then category, then rank within
them.
"""

import numpy as np

from longtail.evaluation.metrics.curves import empty_curves, fill_curves
from longtail.evaluation.metrics.extra_metric import EvaluatedSet, ExtraMetric
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.protocol import as_bits
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
    curves = empty_curves(num_categories=1, num_areas=1)
    precision = curves.precision[..., 0]
    fill_curves(
        as_bits(table.matched[order] & ~table.ignored[order]),
        as_bits(table.ignored[order]),
        np.array([0, len(order)]),
        np.array([num_instances]),
        precision,
        curves.recall[..., 0],
    )
    return float(precision[..., 0].mean(axis=1).mean())


def _of_both_kinds(of: EvaluatedSet) -> dict[str, float]:
    return {str(kind): ap_pool(table) for kind, table in of.matched.tables.items()}


POOL = ExtraMetric(
    name="pool",
    description="AP-pool",
    label="AP-pool",
    compute=_of_both_kinds,
    tracked={"segm": "val_pool/AP"},
)
