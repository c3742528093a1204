"""AP of every source, of their union and after every step, and whether the merge is better.

"Better" is against the source of highest AP, with an interval (`evaluation.uncertainty`).
All rows are resampled alike, so that what a step changes has an interval too.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ensemble.merging.plan import MergePlan
from ensemble.outputs.evaluation_row import RESAMPLED, evaluation_row
from ensemble.outputs.resampled_ap import ALL_METRICS, Resampled, with_fixed
from ensemble.sources.spec import MERGED
from longtail.categories import CategoryTable
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.judged_share import unverified
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.files import read_matches
from longtail.evaluation.uncertainty.comparison import compare
from longtail.evaluation.workers import Workers
from longtail.files import sha256_of
from longtail.metrics import UNDEFINED
from longtail.predictions.store import PredictionStore
from longtail.sealed import DamagedError, read_sealed_json, write_sealed_json

AGAINST_BEST = "against_best_source"
"""Key of the comparison in evaluation.json, beside `sources` and `steps`."""

WARNINGS = "warnings"
"""Key of what a reader of the numbers should know."""

Row = dict[str, Any]
Rows = dict[str, Row]


@dataclass(frozen=True)
class StepEvaluator:
    """Evaluates the prediction sets of a merge.

    Attributes:
        truth: Annotations of the images.
        resamples: Resamples of the images for intervals; 0 for none.
        folder: Keeps rows and matches, where an interrupted merge finds them again.
        workers: Share the work.
        messages: Told what is evaluated.
    """

    truth: GroundTruth
    resamples: int
    folder: Path
    workers: Workers
    messages: Console

    def sources(self, plan: MergePlan) -> Rows:
        """The rows of all sources."""
        return {
            spec.name: self._row(f"sources/{spec.name}", PredictionStore.open(directory))
            for spec, directory in ((source.spec, source.directory) for source in plan.sources)
        }

    def tree(self, sources: Rows, stores: dict[str, PredictionStore], plan: MergePlan) -> Row:
        """What evaluation.json holds."""
        steps = {name: self._row(f"steps/{name}", store) for name, store in stores.items()}
        tree: Row = {"sources": sources, "steps": with_changes(steps)}
        tree[WARNINGS] = list(unverified(self.truth))
        if self.resamples:
            self._add_intervals(tree["steps"])
            tree[AGAINST_BEST] = against_best_source(
                sources, steps[MERGED], self.folder, plan.categories, self.resamples
            )
        return tree

    def keep_matches(self, folder: Path) -> None:
        """Leave the matches of the merge itself where a later comparison finds them.

        Before compression they take 20 bytes a detection that counts, and as much again for boxes;
        with 0 resamples there are none. Those of sources and steps are let go.

        Args:
            folder: Made if there are some.
        """
        for path in sorted((self.folder / "steps" / MERGED).glob("matches_*.npz")):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / path.name)

    def _add_intervals(self, steps: Rows) -> None:
        """Add `change_intervals` to every step but the first, where masks were judged."""
        before: Resampled | None = None
        for name, row in steps.items():
            kept = self.folder / f"steps/{name}/{RESAMPLED}"
            after = Resampled.load(kept) if kept.is_file() else None
            row["change_intervals"] = after.minus(before) if after and before else {}
            before = after

    def _row(self, name: str, store: PredictionStore) -> Row:
        kept, folder = self.folder / f"{name}.json", self.folder / name
        found = self._kept_row(kept, folder)
        if found is not None:
            return found
        self.messages.print(f"evaluating {Path(name).name}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        row = evaluation_row(store, self.truth, self.resamples, folder, self.workers)
        write_sealed_json(kept, {"row": row, "files": _digests(folder)})
        return row

    def _kept_row(self, kept: Path, folder: Path) -> Row | None:
        """A row that an interrupted merge left; None without one, or if a file of it is damaged."""
        try:
            tree = read_sealed_json(kept, "evaluating again")
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self.messages.print(f"warning: {error}")
            return None
        if tree["files"] != _digests(folder):
            self.messages.print(f"warning: {folder}: a file is damaged; evaluating again")
            return None
        return dict(tree["row"])


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in sorted(folder.glob("*.npz"))}


def with_changes(steps: Rows) -> Rows:
    """The rows of steps, each with the change of mask AP and AP-fixed to the row before."""
    before: Row | None = None
    rows: Rows = {}
    for name, row in steps.items():
        changes = _changes(before, row) if before else {}
        rows[name] = row | {"change": changes, "change_intervals": {}}
        before = row
    return rows


def against_best_source(
    rows: Rows, merged: Row, matches: Path, categories: CategoryTable, resamples: int
) -> dict[str, Any]:
    """How the merge differs from the source of highest AP, as JSON values.

    Masks are compared, or boxes where mask AP is undefined; of equal sources the first by name.

    Args:
        rows: The rows of the sources by name.
        merged: The row of the merge.
        matches: Holds `sources/NAME` and `steps/merged`, folders of their matches.
        categories: The categories of the annotations.
        resamples: Resamples of the images, at least 20.
    """
    kind: Kind = "box" if merged["segm"]["AP"] == UNDEFINED else "segm"
    best = max(rows, key=lambda name: float(rows[name][kind]["AP"]))
    folders = matches / "sources" / best, matches / "steps" / MERGED
    table_a, table_b = (read_matches(folder, categories)[kind] for folder in folders)
    return {"source": best, "kind": kind, **compare(table_a, table_b, resamples).as_dict()}


def _changes(before: Row, row: Row) -> dict[str, float | None]:
    """Differences as fractions by name, None where a metric is undefined."""
    values = [with_fixed(of["segm"], of["segm_fixed"]) for of in (before, row)]
    pairs = {name: (values[0][name], values[1][name]) for name in ALL_METRICS}
    return {name: None if UNDEFINED in (a, b) else b - a for name, (a, b) in pairs.items()}
