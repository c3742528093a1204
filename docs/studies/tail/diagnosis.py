"""What the diagnoses of a row's evaluations say of rare categories, as means over its seeds."""

import json
from pathlib import Path
from statistics import fmean
from typing import Any

from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Plan
from longtail.evaluation.recording.names import DIAGNOSIS

MEDIAN, LAST = 2, 4
"""Places in the quantiles of scores: 5, 25, 50, 75 and 95 percent."""


def rare_categories(plan: Plan, runs: Path) -> dict[str, dict[str, float]]:
    """By name of the variant: see `_of`."""
    found: dict[str, list[dict[str, float]]] = {}
    for row in plan.rows:
        text = (node_directory(runs, row.evaluation) / DIAGNOSIS).read_text()
        found.setdefault(row.variant_name, []).append(_of(json.loads(text)))
    return {
        name: {key: fmean(seed[key] for seed in seeds) for key in seeds[0]}
        for name, seeds in found.items()
    }


def _of(diagnosis: dict[str, Any]) -> dict[str, float]:
    """Of the objects of rare categories, how many the best-scored free detection names by their
    own category, and how many by a common or a frequent one; of judged detections of rare
    categories, the median score of right ones and the 95 percent quantile of wrong ones."""
    _, as_common, as_frequent, missed = diagnosis["confusion"]["matrix"][0]
    scores = diagnosis["scores"]["r"]
    return {
        "named_rightly": diagnosis["confusion"]["same_category"]["r"],
        "named_common_or_frequent": as_common + as_frequent,
        "missed": missed,
        "median_score_of_right": scores["right"]["quantiles"][MEDIAN],
        "95_percent_of_wrong_score_below": scores["wrong"]["quantiles"][LAST],
        "wrong": scores["wrong"]["count"],
    }
