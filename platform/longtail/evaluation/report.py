"""What an evaluation found: all numbers in full precision, its files, and its tables."""

import csv
import io
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from longtail.categories import INSTANCE_BIN_EDGES
from longtail.evaluation import extra_metrics
from longtail.evaluation.annotations.judged_share import judged_by_kind
from longtail.evaluation.metrics.cap import CapStatistics
from longtail.evaluation.metrics.category_ap import CategoryAP
from longtail.evaluation.metrics.extra_metric import ExtraMetric
from longtail.evaluation.metrics.summary import IDENTITY_TOLERANCE
from longtail.evaluation.tables import comparison_table, intervals_table, points_table
from longtail.evaluation.uncertainty.bootstrap import Intervals
from longtail.evaluation.uncertainty.comparison import Comparison
from longtail.files import write_json, write_text
from longtail.metrics import (
    AP_METRICS,
    GAP,
    GROUP_METRICS,
    KIND_NAMES,
    UNDEFINED,
    defined_points,
    mlflow_name,
    points_text,
)
from longtail.printed_table import PrintedTable, number_columns, text_columns

DETECTIONS = ("detections", "judged_masks", "judged_boxes")


@dataclass(frozen=True)
class Disagreement:
    """A metric on which lvis-api says something else; `kind` is segm or box."""

    kind: str
    metric: str
    ours: float
    official: float


@dataclass(frozen=True)
class Evaluation:
    """LVIS metrics of one prediction set; fractions, -1 where undefined.

    Attributes:
        segm: The thirteen metrics of masks by LVIS's names.
        box: The same of boxes.
        bins: Mask AP by training instances of the category, by `INSTANCE_BINS`.
        gap_box_mask: Box AP - mask AP.
        per_category: A record for each category, by ascending id.
        identity_error: Largest difference between AP and the weighted mean of its groups.
        counts: How many categories, images, instances and detections were seen and judged.
        warnings: What a reader of the numbers should know.
        official: lvis-api's `segm` and `box`, where it was run.
        segm_fixed: The thirteen metrics of masks for AP-fixed, recalls named AR@-1.
        box_fixed: The same of boxes.
        bins_mean: bAP, the plain mean of `bins`.
        gap_by_group: Box AP - mask AP of r, c and f.
        cap: What the cap on detections per image cut.
        extras: Values of `EXTRA_METRICS` by the metric's name; this and what follows are empty
            where not asked for. In JSON each metric stands beside the others, empty or not.
        intervals: Bootstrap intervals of AP, APr, APc, APf by `segm` and `box`.
        comparison: Differences of another prediction set to this one, by `segm` and `box`.
    """

    segm: dict[str, float]
    box: dict[str, float]
    bins: dict[str, float]
    gap_box_mask: float
    per_category: tuple[CategoryAP, ...]
    identity_error: float
    counts: dict[str, int]
    warnings: tuple[str, ...] = ()
    official: dict[str, dict[str, float]] | None = None
    segm_fixed: dict[str, float] = field(default_factory=dict)
    box_fixed: dict[str, float] = field(default_factory=dict)
    bins_mean: float = UNDEFINED
    gap_by_group: dict[str, float] = field(default_factory=dict)
    cap: CapStatistics | None = None
    extras: dict[str, dict[str, float]] = field(default_factory=dict)
    intervals: dict[str, Intervals] = field(default_factory=dict)
    comparison: dict[str, Comparison] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        tree: dict[str, Any] = {}
        for key, value in asdict(self).items():
            if key == "extras":
                tree |= {of.name: value.get(of.name, {}) for of in extra_metrics.EXTRA_METRICS}
            else:
                tree[key] = value
        return tree

    def to_json(self, path: Path) -> None:
        """Write everything, per-category AP included."""
        write_json(path, self.as_dict(), allow_nan=True)

    def write_per_category(self, path: Path) -> None:
        """Write the per-category records as CSV."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(CategoryAP.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(record) for record in self.per_category)
        write_text(path, text.getvalue())

    def metrics(self) -> dict[str, float]:
        """Named values for tracking: AP in points, two decimals; undefined ones are left out."""
        named = {
            **{mlflow_name(key): self.segm[key] for key in AP_METRICS},
            **{mlflow_name(key, "box"): self.box[key] for key in AP_METRICS},
            **{mlflow_name(f"AP_{name}", "bins"): ap for name, ap in self.bins.items()},
            mlflow_name(GAP): self.gap_box_mask,
            **{
                mlflow_name(key, "segm_fixed"): self.segm_fixed.get(key, UNDEFINED)
                for key in GROUP_METRICS
            },
            mlflow_name("AP_mean", "bins"): self.bins_mean,
            **self._tracked_extras(),
        }
        return defined_points(named)

    def kinds(self) -> dict[str, dict[str, float]]:
        """Rows of the AP table: the thirteen metrics by how they were computed."""
        kinds = {
            "mask": self.segm,
            "box": self.box,
            "mask fixed": self.segm_fixed,
            "box fixed": self.box_fixed,
        }
        rows = {metric.label: values for metric, values in self._extras() if metric.is_row}
        return {name: values for name, values in (kinds | rows).items() if values}

    def _extras(self) -> list[tuple[ExtraMetric, dict[str, float]]]:
        """The extra metrics that were computed, and their values."""
        known = extra_metrics.EXTRA_METRICS
        return [(of, self.extras[of.name]) for of in known if self.extras.get(of.name)]

    def _tracked_extras(self) -> dict[str, float]:
        return {
            tracked: values.get(name, UNDEFINED)
            for metric, values in self._extras()
            for name, tracked in metric.tracked.items()
        }

    @property
    def identity_holds(self) -> bool:
        """Whether AP is the mean of its groups, but for rounding; else the numbers are wrong."""
        return self.identity_error <= IDENTITY_TOLERANCE

    def disagreements(self) -> list[Disagreement]:
        """Metrics that are not lvis-api's to the last digit; empty where it was not run."""
        ours = {"segm": self.segm, "box": self.box}
        return [
            Disagreement(kind, metric, ours[kind][metric], value)
            for kind, metrics in (self.official or {}).items()
            for metric, value in metrics.items()
            if ours[kind][metric] != value
        ]

    def tables(self) -> Group:
        """The result as rich shows it: AP in points."""
        return Group(*self._tables())

    def _tables(self) -> Iterator[RenderableType]:
        if not self.identity_holds:
            yield Text(self._breach(), style="bold red")
        yield self._bin_table()
        recalls = [key for key in self.segm if key not in AP_METRICS]
        yield points_table("Recall", {"mask": self.segm, "box": self.box}, recalls)
        yield Text("\n".join(self._lines()))
        yield Text(", ".join(self._counted()) + "\n")
        if self.official is not None:
            yield self._official_table()
        for warning in (*self.warnings, *self._narrow_intervals()):
            # Paths stay whole.
            yield Text(f"warning: {warning}", no_wrap=True, overflow="ignore")
        yield points_table("AP", self.kinds(), AP_METRICS)
        if self.intervals:
            yield intervals_table(self.intervals)
        if self.comparison:
            yield comparison_table(self.comparison)

    def _counted(self) -> Iterator[str]:
        for name, count in self.counts.items():
            if name not in DETECTIONS:
                yield f"{name.replace('_', ' ')} {count}"
        if all(name in self.counts for name in DETECTIONS):
            yield judged_by_kind(self.counts)

    def _breach(self) -> str:
        return (
            "warning: AP is not the mean of APr, APc and APf weighted by their categories, by "
            f"{self.identity_error!r}: the evaluation is wrong, please report it with its input"
        )

    def _narrow_intervals(self) -> list[str]:
        """Warnings of the resampling, each once: masks and boxes have the same."""
        of_intervals = [warning for of in self.intervals.values() for warning in of.warnings]
        of_comparison = [warning for of in self.comparison.values() for warning in of.warnings]
        return list(dict.fromkeys(of_intervals + of_comparison))

    def _lines(self) -> Iterator[str]:
        gaps = ", ".join(f"{group} {points_text(gap)}" for group, gap in self.gap_by_group.items())
        yield f"box AP - mask AP: {points_text(self.gap_box_mask)}" + (f" ({gaps})" if gaps else "")
        for metric, values in self._extras():
            if not metric.is_row:
                named = ", ".join(
                    f"{KIND_NAMES.get(name, name)} {points_text(value)}"
                    for name, value in values.items()
                )
                yield f"{metric.label}: {named}"
        if self.cap is not None:
            yield self.cap.sentence()

    def _bin_table(self) -> PrintedTable:
        title = "Mask AP by training instances"
        values = {**self.bins, "mean": self.bins_mean}
        table = points_table(title, {"mask": values}, list(values))
        judged = [r.instance_count for r in self.per_category if r.segm_ap != UNDEFINED]
        bins = [bisect_right(INSTANCE_BIN_EDGES, count) for count in judged]
        counts = [str(bins.count(number)) for number in range(len(self.bins))]
        table.add("categories", *counts, str(len(judged)))
        return table

    def _official_table(self) -> RenderableType:
        disagreements = self.disagreements()
        if not disagreements:
            kinds = " and ".join(KIND_NAMES[kind] for kind in self.official or {})
            return Text(f"lvis-api agrees to the last digit on all {kinds} metrics")
        shown = number_columns("ours", "lvis-api", "difference")
        table = PrintedTable(
            "lvis-api disagrees", [*text_columns("", "metric"), *shown], num_keys=2
        )
        for d in disagreements:
            values = repr(d.ours), repr(d.official), f"{d.ours - d.official:.3g}"
            table.add(KIND_NAMES[d.kind], d.metric, *values)
        return table
