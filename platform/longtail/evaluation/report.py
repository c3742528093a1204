"""What an evaluation found: all numbers in full precision, its files, and its tables."""

import csv
import io
import json
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from longtail.categories import INSTANCE_BIN_EDGES
from longtail.evaluation.summary import UNDEFINED

AP_KEYS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf")


@dataclass(frozen=True)
class CategoryAP:
    """AP of one category over all areas; -1 where the split has no instance of it.

    Attributes:
        id: The file's category id.
        name: The file's name for it.
        group: r, c or f.
        image_count: Training images with the category.
        instance_count: Training instances.
        segm_ap: Mask AP as a fraction.
        box_ap: Box AP as a fraction.
    """

    id: int
    name: str
    group: str
    image_count: int
    instance_count: int
    segm_ap: float
    box_ap: float


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

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return asdict(self)

    def to_json(self, path: Path) -> None:
        """Write everything, per-category AP included."""
        write_atomically(path, json.dumps(self.as_dict(), indent=2) + "\n")

    def write_per_category(self, path: Path) -> None:
        """Write the per-category records as CSV."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(CategoryAP.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(record) for record in self.per_category)
        write_atomically(path, text.getvalue())

    def metrics(self) -> dict[str, float]:
        """Named values for tracking: AP in points, two decimals; undefined ones are left out."""
        named = {
            **{f"val/{key}": self.segm[key] for key in AP_KEYS},
            **{f"val_box/{key}": self.box[key] for key in AP_KEYS},
            **{f"val_bin/AP_{name}": ap for name, ap in self.bins.items()},
            "val/gap_box_mask": self.gap_box_mask,
        }
        return {name: round(100 * v, 2) for name, v in named.items() if v != UNDEFINED}

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
        yield _points_table("AP", {"mask": self.segm, "box": self.box}, AP_KEYS)
        recalls = [key for key in self.segm if key not in AP_KEYS]
        yield _points_table("Recall", {"mask": self.segm, "box": self.box}, recalls)
        yield self._bin_table()
        yield Text(f"box AP - mask AP: {_points(self.gap_box_mask)}")
        yield Text(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in self.counts.items()))
        for warning in self.warnings:
            yield Text(f"warning: {warning}")
        if self.official is not None:
            yield self._official_table()

    def _bin_table(self) -> Table:
        title = "Mask AP by training instances"
        table = _points_table(title, {"mask": self.bins}, list(self.bins))
        judged = [r.instance_count for r in self.per_category if r.segm_ap != UNDEFINED]
        bins = [bisect_right(INSTANCE_BIN_EDGES, count) for count in judged]
        table.add_row("categories", *(str(bins.count(number)) for number in range(len(self.bins))))
        return table

    def _official_table(self) -> RenderableType:
        disagreements = self.disagreements()
        if not disagreements:
            kinds = " and ".join(sorted(self.official or {}))
            return Text(f"lvis-api agrees to the last digit on all metrics of {kinds}")
        table = Table("", "metric", "ours", "lvis-api", "difference", title="lvis-api disagrees")
        for d in disagreements:
            values = repr(d.ours), repr(d.official), f"{d.ours - d.official:.3g}"
            table.add_row(d.kind, d.metric, *values)
        return table


def write_atomically(path: Path, text: str) -> None:
    """Write a text file under a temporary name in the same folder, then rename it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _points_table(
    title: str, rows: dict[str, dict[str, float]], keys: tuple[str, ...] | list[str]
) -> Table:
    table = Table("", *keys, title=title, title_justify="left")
    for name, values in rows.items():
        table.add_row(name, *(_points(values[key]) for key in keys))
    return table


def _points(fraction: float) -> str:
    return "-" if fraction == UNDEFINED else f"{100 * fraction:.2f}"
