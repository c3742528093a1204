"""AP of every source, of their union and after every step, and whether the merge is better.

"Better" is against the source of highest AP, with an interval (`longtail.evaluation.comparison`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ensemble.merging import MergePlan
from ensemble.outputs import write_json
from ensemble.source_options import MERGED
from longtail.categories import CategoryTable
from longtail.evaluation.comparison import compare
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.match_files import read_matches
from longtail.evaluation.overlaps import Kind
from longtail.evaluation.progress import evaluation_progress
from longtail.evaluation.summary import UNDEFINED
from longtail.predictions.store import PredictionStore

AGAINST_BEST = "against_best_source"
"""Key of the comparison in evaluation.json, beside `sources` and `steps`."""
METRICS = ("AP", "APr", "APc", "APf")

Row = dict[str, Any]
Rows = dict[str, Row]


@dataclass(frozen=True)
class Judge:
    """Evaluates the prediction sets of a merge.

    Attributes:
        ann: Annotations of the images.
        resamples: Resamples of the images for intervals; 0 for none.
        folder: Keeps rows and matches, where an interrupted merge finds them again.
        workers: Processes that share the work.
        messages: Told what is evaluated.
    """

    ann: Path
    resamples: int
    folder: Path
    workers: int
    messages: Console

    def sources(self, plan: MergePlan) -> Rows:
        """The rows of all sources."""
        return {
            source.spec.name: self._row(
                f"sources/{source.spec.name}",
                PredictionStore.open(source.directory),
                self.resamples,
            )
            for source in plan.sources
        }

    def tree(self, sources: Rows, stores: dict[str, PredictionStore], plan: MergePlan) -> Row:
        """What evaluation.json holds."""
        resamples = self.resamples
        steps = {
            name: self._row(f"steps/{name}", store, resamples if name == MERGED else 0)
            for name, store in stores.items()
        }
        tree = {"sources": sources, "steps": with_changes(steps)}
        if resamples:
            tree[AGAINST_BEST] = against_best_source(
                sources, steps[MERGED], self.folder, plan.categories, resamples
            )
        return tree

    def _row(self, name: str, store: PredictionStore, resamples: int) -> Row:
        kept = self.folder / f"{name}.json"
        if kept.is_file():
            row: Row = json.loads(kept.read_text())
            return row
        self.messages.print(f"evaluating {Path(name).name}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        row = evaluation_row(store, self.ann, resamples, self.folder / name, self.workers)
        write_json(kept, row)
        return row


def evaluation_row(
    store: PredictionStore, ann: Path, resamples: int, matches: Path, workers: int = 1
) -> Row:
    """What evaluation.json keeps of one prediction set, as JSON values.

    Args:
        store: The predictions.
        ann: Annotations of the same images.
        resamples: Resamples of the images for intervals; 0 for none.
        matches: Folder for the matches of this set; not written with 0 resamples.
        workers: Processes that share the work.
    """
    with evaluation_progress() as (on_block, on_resample):
        result = evaluate(
            ann,
            store.directory,
            on_block=on_block,
            resamples=resamples,
            keep_matches=matches if resamples else None,
            on_resample=on_resample,
            workers=min(workers, max(1, store.block_count)),
        )
    assert result.identity_holds, result.identity_error
    return {
        "segm": result.segm,
        "box": result.box,
        "segm_fixed": result.segm_fixed,
        "bins": result.bins,
        "gap_box_mask": result.gap_box_mask,
        "intervals": {kind: intervals.as_dict() for kind, intervals in result.intervals.items()},
    }


def with_changes(steps: Rows) -> Rows:
    """The rows of steps, each with the change of mask AP to the row before, as fractions."""
    before: Mapping[str, Any] | None = None
    rows: Rows = {}
    for name, row in steps.items():
        changes = {key: _change(before, row, key) for key in METRICS} if before else {}
        rows[name] = row | {"change": changes}
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


def _change(before: Mapping[str, Any], row: Row, key: str) -> float | None:
    values = before["segm"][key], row["segm"][key]
    return None if UNDEFINED in values else values[1] - values[0]
