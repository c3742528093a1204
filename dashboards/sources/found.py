"""What a report is made of, whatever it was read from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtail.metrics import UNDEFINED

if TYPE_CHECKING:
    from longtail.evaluation.matching.overlaps import Kind


@dataclass(frozen=True)
class Row:
    """One evaluated set of predictions: a row of a table.

    Attributes:
        name: Unique in a report.
        kind: "variant", "result" of another tool, "source" of a merge, or "merge".
        evaluation: The tree of its `evaluation.json`; fractions, -1 where undefined.
        diagnosis: The tree of its `diagnosis.json`, empty without one.
        folder: Of its evaluation, with `matches_*.npz`; None where nothing was kept.
        variant: The tree of its `variant.json`, empty for other kinds.
        variant_name: Without the seed; the name itself for other kinds.
        seed: Of a merge of rows that of its members; None for other kinds.
        predictions: The store or result file, None where it is gone.
        digest: SHA-256 of it as merges name it, None where it is not written down.
        annotations: What it was judged by, None where it is gone.
        training: Node folder of its last stage, None without one.
    """

    name: str
    kind: str
    evaluation: Mapping[str, Any] = field(repr=False)
    diagnosis: Mapping[str, Any] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    variant: Mapping[str, Any] = field(default_factory=dict, repr=False)
    variant_name: str = ""
    seed: int | None = None
    predictions: Path | None = None
    digest: str | None = None
    annotations: Path | None = None
    training: Path | None = None

    @property
    def ap_kind(self) -> "Kind":
        """What its AP is of: masks, or boxes where it has none."""
        return "segm" if self.evaluation["segm"]["AP"] != UNDEFINED else "box"

    @property
    def ap(self) -> float:
        """AP of that kind, a fraction, by which rows are ranked."""
        return float(self.evaluation[self.ap_kind]["AP"])


@dataclass(frozen=True)
class Training:
    """A training node, finished or not.

    Attributes:
        name: Its label for people.
        rows: Names of the rows that stand on it.
        folder: The node's.
        records: Of its journal, as they stand.
        node: The tree of its `node.json`.
        finished: It has a `result.json`.
    """

    name: str
    rows: tuple[str, ...]
    folder: Path
    records: Sequence[Mapping[str, Any]] = field(repr=False)
    node: Mapping[str, Any] = field(repr=False)
    finished: bool = True


@dataclass(frozen=True)
class Difference:
    """A row against another one, in pairs on the same images.

    Attributes:
        row: Its name.
        baseline: The other's name.
        kind: "segm" or "box".
        comparison: The tree of a `Comparison`; differences are row - baseline.
    """

    row: str
    baseline: str
    kind: str
    comparison: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Found:
    """What one source holds.

    Attributes:
        name: The grid's, sweep's, merge's.
        kind: "grid", "sweep", "merge", "tuning", "results" or "experiment".
        folder: Where it was found, if in one.
        facts: What a header says of it, label and value.
        rows: Evaluated, in the source's own order (an ablation's steps).
        differences: Known comparisons.
        trainings: Behind the rows.
        failed: What has no result: name and why.
        missing: What cannot be shown and why, a sentence each.
        warnings: What makes numbers doubtful, a sentence each.
        tree: What its kind alone has: the sweep's analysis, the merge's statistics, ...
    """

    name: str
    kind: str
    folder: Path | None = None
    facts: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    differences: tuple[Difference, ...] = ()
    trainings: tuple[Training, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tree: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Report:
    """Everything that a page shows.

    Attributes:
        title: Of the page.
        sources: In the order of the command line.
        baseline: Name of the row that others are compared with; "" without rows.
    """

    title: str
    sources: tuple[Found, ...]
    baseline: str = ""

    @property
    def shown(self) -> str:
        """The row that a page shows at first: the best one that was diagnosed, if any was."""
        rows = [row for row in self.rows if row.diagnosis] or self.rows
        return max(rows, key=lambda row: row.ap).name if rows else ""

    @property
    def against(self) -> str:
        """The row that the shown one is compared with at first."""
        return self.rival(self.shown)

    def rival(self, name: str) -> str:
        """The row that one is compared with, so that the difference says something.

        Args:
            name: Of a row.

        Returns:
            The baseline; of the baseline itself what it was compared with, as a merge is with its
            best source, else the best other row of its kind of AP; its own name without one.
        """
        if name != self.baseline or not self.rows:
            return self.baseline
        rows = {row.name: row for row in self.rows}
        known = [of.baseline for of in self.differences if of.row == name and of.baseline in rows]
        others = [
            row
            for row in self.rows
            if row.name != name and row.ap_kind == rows[name].ap_kind and row.ap != UNDEFINED
        ]
        best = max(others, key=lambda row: row.ap).name if others else name
        return known[0] if known else best

    def number(self, name: str) -> int:
        """By which charts know a row; 0 without rows."""
        return next((i for i, row in enumerate(self.rows) if row.name == name), 0)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Of all sources."""
        return tuple(row for source in self.sources for row in source.rows)

    @property
    def trainings(self) -> tuple[Training, ...]:
        """Of all sources."""
        return tuple(item for source in self.sources for item in source.trainings)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Of all sources."""
        return tuple(item for source in self.sources for item in source.differences)
