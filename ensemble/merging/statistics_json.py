"""The counts of a merge as stats.json has them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.sources.filters import LOW_SCORE, OTHER_CATEGORY, OTHER_SIZE, REASONS, UNUSABLE
from longtail.categories import FREQUENCY_GROUPS

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Quantiles are read off a histogram: exact to the width of a bin.
SCORE_BINS = 10_000
CLUSTERS_OF_SOURCE = ("found", "found_kept", "alone", "alone_kept")
"""Of a source: clusters with a detection of it, and those with none of another; in all, and after
the cap."""
Counts = NDArray[np.int64]


def statistics_tree(names: Sequence[str], counts: Mapping[str, Counts]) -> dict[str, Any]:
    """The counts of a merge as a JSON tree.

    Args:
        names: The sources.
        counts: Arrays of `MergeStatistics`.
    """
    images, over_cap = int(counts["images"][0]), int(counts["images_over_cap"][0])
    return {
        "images": images,
        "stages": _stages(counts),
        "sources": {name: _source(counts, i) for i, name in enumerate(names)},
        "fusion": {
            "detections_in": _total(counts["members"]),
            "clusters": int(counts["members"].sum()),
            "members_per_cluster": _means(counts["members"]),
            "sources_per_cluster": _means(counts["sources"]),
            "clusters_by_members": _histogram(counts["members"]),
            "clusters_by_sources": _histogram(counts["sources"]),
            "clusters_kept_by_sources": _histogram(counts["sources_kept"]),
        },
        "cap": {
            "kept": _by_group(counts["kept"]),
            "cut": _by_group(counts["cut"]),
            "images_where_it_binds": over_cap,
            "share_of_images_where_it_binds": over_cap / max(images, 1),
        },
        "boxes": {
            "kept": _by_group(counts["boxes_kept"]),
            "cut": _by_group(counts["boxes_cut"]),
        },
        "clusters_without_mask": _by_group(counts["without_mask"]),
        "empty_votes": _by_group(counts["empty"]),
        "scores_over_one_cut_to_one": int(counts["scores_over_one"][0]),
        "box_scores_over_one_cut_to_one": int(counts["box_scores_over_one"][0]),
    }


def _stages(counts: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    outcomes = counts["outcomes"].sum(axis=0)
    total = outcomes.sum(axis=1)
    valid = total - outcomes[:, list(UNUSABLE)].sum(axis=1)
    trusted = valid - outcomes[:, [OTHER_CATEGORY, OTHER_SIZE]].sum(axis=1)
    without, cut = counts["without_mask"], counts["cut"]
    stages = {
        "detections in": total,
        "valid": valid,
        "of a trusted category and size": trusted,
        "at or above the score threshold": trusted - outcomes[:, LOW_SCORE],
        "clusters": counts["kept"] + cut + without,
        "without a mask": without,
        "cut by the cap": cut,
        "empty after the vote": counts["empty"],
        "written": counts["kept"] - counts["empty"],
    }
    return {name: {"all": int(stage.sum()), **_by_group(stage)} for name, stage in stages.items()}


def _source(counts: Mapping[str, Counts], index: int) -> dict[str, Any]:
    by_group = counts["outcomes"][index]
    outcomes = dict(zip(REASONS, by_group.sum(axis=0).tolist(), strict=True))
    quantiles = {
        key: {
            letter: _quantiles(counts[name][index, group])
            for group, letter in enumerate(FREQUENCY_GROUPS)
        }
        for key, name in (("score_quantiles", "scores"), ("calibrated_quantiles", "calibrated"))
        if name == "scores" or counts[name].any()
    }
    missing = int(counts["images"][0] - counts["images_found"][index])
    return {
        "detections": sum(outcomes.values()),
        **outcomes,
        "detections_by_group": _by_group(by_group.sum(axis=1)),
        "images_without_detections": missing,
        "clusters": {key: _by_group(counts[key][index]) for key in CLUSTERS_OF_SOURCE},
        **quantiles,
    }


def _by_group(counts: Counts) -> dict[str, int]:
    return dict(zip(FREQUENCY_GROUPS, counts.tolist(), strict=True))


def _total(histograms: Counts) -> int:
    return int((histograms * np.arange(histograms.shape[-1])).sum())


def _means(histograms: Counts) -> dict[str, float | None]:
    rows = {"all": histograms.sum(axis=0), **dict(zip(FREQUENCY_GROUPS, histograms, strict=True))}
    return {name: _total(row) / row.sum() if row.any() else None for name, row in rows.items()}


def _histogram(histograms: Counts) -> dict[str, int]:
    counts = histograms.sum(axis=0)
    return {str(size): int(counts[size]) for size in np.flatnonzero(counts)}


def _quantiles(histogram: Counts) -> dict[str, float] | None:
    total = int(histogram.sum())
    if not total:
        return None
    ranks = [max(1, round(quantile * total)) for quantile in QUANTILES]
    bins = np.searchsorted(np.cumsum(histogram), ranks)
    middles = (bins + 0.5) / SCORE_BINS
    return {str(q): round(m, 5) for q, m in zip(QUANTILES, middles.tolist(), strict=True)}
