"""Half widths of differences by category, one resample and one category at a time."""

import math

import numpy as np
from numpy.typing import NDArray
from support.match_tables import repeated, slow_ap

from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.uncertainty.bootstrap import draw_weights


def slow_half_widths(
    table_a: MatchTable, table_b: MatchTable, resamples: int, seed: int
) -> NDArray[np.float64]:
    """(K,) fractions, NaN where unknown, by duplicating the images of every resample."""
    draws = list(draw_weights(len(table_a.image_ids), resamples, seed))
    ap_a, ap_b = (
        [slow_ap(repeated(table, weights)) for weights in draws] for table in (table_a, table_b)
    )
    widths = []
    for k in range(len(table_a.categories)):
        num_images = int(sum(table_a.gt_category == k))
        pairs = zip(ap_a, ap_b, strict=True)
        differences = [b[k] - a[k] for a, b in pairs if a[k] > -1]
        if num_images < 2 or len(differences) < 20:
            widths.append(math.nan)
            continue
        few_images = math.sqrt(num_images / (num_images - 1))
        widths.append(1.96 * few_images * float(np.std(differences, ddof=1)))
    return np.array(widths)
