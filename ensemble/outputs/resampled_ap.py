"""AP and AP-fixed of one prediction set, and the same in resamples of the images.

B resamples; the eight metrics are AP, APr, APc, APf and the same without a cap on an image
(AP_fixed ...), in this order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.matching.match_store import match_store
from longtail.evaluation.matching.overlaps import Kind, Overlaps
from longtail.evaluation.matching.prediction_set import check_images
from longtail.evaluation.matching.shard import DetectionScores
from longtail.evaluation.metrics.fixed import best_of_categories, fixed_summary
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.metrics.ranking import NO_CAP
from longtail.evaluation.metrics.rescorer import MAX_DETS, Rescorer
from longtail.evaluation.uncertainty.bootstrap import OnResample, interval, resampled_metrics
from longtail.metrics import GROUP_METRICS, UNDEFINED
from longtail.predictions.store import PredictionStore
from longtail.sealed_arrays import read_arrays, write_arrays

FIXED_METRICS = tuple(f"{name}_fixed" for name in GROUP_METRICS)
ALL_METRICS = GROUP_METRICS + FIXED_METRICS
LEVEL, SEED = 0.95, 0
KINDS: tuple[Kind, ...] = ("segm",)

Tree = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Resampled:
    """The metrics of one prediction set as they are, and over resamples of the images.

    Attributes:
        values: (8,) fractions, -1 where undefined.
        drawn: (B, 8) the same in each resample, NaN where undefined.
    """

    values: NDArray[np.float64]
    drawn: NDArray[np.float64]

    def intervals(self) -> Tree:
        """An interval for each metric, as JSON values."""
        return _intervals(self.values, self.drawn)

    def minus(self, other: "Resampled") -> Tree:
        """Intervals of the differences to another set on the same resamples, as JSON values."""
        undefined = (self.values == UNDEFINED) | (other.values == UNDEFINED)
        values = np.where(undefined, UNDEFINED, self.values - other.values)
        drawn = np.where(undefined, np.nan, self.drawn - other.drawn)
        found = _intervals(values, drawn)
        return {
            name: {"difference": bounds["value"], **{k: bounds[k] for k in bounds if k != "value"}}
            for name, bounds in found.items()
        }

    def save(self, path: Path) -> None:
        """Write both arrays."""
        write_arrays(path, {"values": self.values, "drawn": self.drawn})

    @classmethod
    def load(cls, path: Path) -> "Resampled":
        """Read what `save` wrote.

        Raises:
            DamagedError: The file is another one.
        """
        arrays = read_arrays(path, "merge again with --force")
        return cls(arrays["values"], arrays["drawn"])


def with_fixed(metrics: Mapping[str, float], fixed: Mapping[str, float]) -> dict[str, float]:
    """AP and AP-fixed, of all categories and of each group, by name."""
    row = {name: float(metrics[name]) for name in GROUP_METRICS}
    return row | {f"{name}_fixed": float(fixed[name]) for name in GROUP_METRICS}


def evaluate_masks(
    truth: GroundTruth, store: PredictionStore
) -> tuple[Tree, tuple[MatchTable, MatchTable]]:
    """Mask AP and AP-fixed of a prediction set as fractions, and the matches of both.

    Args:
        truth: Annotations with masks.
        store: Predictions for the same images.

    Raises:
        BadInputError: The store is of other images or categories, or damaged.
    """
    check_images(store, truth)
    whole = match_store(truth, store, KINDS)
    overlaps = Overlaps.of(whole, "segm", Instances.of(truth), truth.images.ids)
    rescorer = Rescorer(overlaps, truth.categories, "segm", MAX_DETS, {})
    columns = DetectionScores.of(whole, "segm")
    fixed = fixed_summary(rescorer, columns, best_of_categories(columns))
    row = with_fixed(rescorer.fast(rescorer.scores), fixed.metrics)
    tables = rescorer.match_table(rescorer.scores), fixed_table(rescorer, columns)
    return dict(row), tables


def fixed_table(rescorer: Rescorer, columns: DetectionScores) -> MatchTable:
    """The matches that AP-fixed is computed from.

    Leaving detections out after the matching is the same as before it: those that the limit on a
    category cuts are its last, and no other depends on them.
    """
    table = replace(rescorer, max_dets=NO_CAP).match_table(columns.score)
    kept = best_of_categories(columns)[table.row]
    if kept.all():
        return table
    counts = np.bincount(table.category[kept], minlength=len(table.categories))
    names = ("image", "category", "score", "row", "matched", "ignored")
    cut = {name: getattr(table, name)[kept] for name in names}
    return replace(table, starts=np.concatenate([[0], np.cumsum(counts)]), **cut)


def resample(
    row: Mapping[str, float],
    tables: tuple[MatchTable, MatchTable],
    resamples: int,
    on_resample: OnResample | None = None,
) -> Resampled:
    """The metrics over resamples; any two sets of the same images get the same ones.

    Args:
        row: `ALL_METRICS` on all images.
        tables: The matches with a cap, and those of AP-fixed.
        resamples: B.
        on_resample: Told the number of resamples done and of all.
    """
    values = np.array([row[name] for name in ALL_METRICS])
    # Without a cut the two are one.
    same = np.array_equal(tables[0].row, tables[1].row)
    drawn = resampled_metrics(tables[:1] if same else tables, resamples, SEED, on_resample)
    return Resampled(values, np.concatenate([drawn[0], drawn[-1]], axis=1))


def _intervals(values: NDArray[np.float64], drawn: NDArray[np.float64]) -> Tree:
    found: Tree = {}
    for name, value, column in zip(ALL_METRICS, values.tolist(), drawn.T, strict=True):
        bounds = interval(value, column, LEVEL)
        keys = ("value", "low", "high", "standard_error", "bias", "resamples")
        found[name] = {key: getattr(bounds, key) for key in keys}
    return found
