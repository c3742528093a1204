"""AP of every source and of the merge, and whether the merge beats the best source for real."""

from pathlib import Path
from typing import Any

from ensemble.sources import MERGED
from longtail.categories import CategoryTable
from longtail.evaluation.comparison import compare
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.match_files import read_matches
from longtail.evaluation.overlaps import Kind
from longtail.evaluation.progress import evaluation_progress
from longtail.evaluation.summary import UNDEFINED
from longtail.predictions.store import PredictionStore

AGAINST_BEST = "against_best_source"
"""Key of the comparison in the merge's row of evaluation.json."""

Rows = dict[str, dict[str, Any]]


def evaluation_row(
    store: PredictionStore, ann: Path, resamples: int, matches: Path
) -> dict[str, Any]:
    """What evaluation.json keeps of one prediction set, as JSON values.

    Args:
        store: The predictions.
        ann: Annotations of the same images.
        resamples: Resamples of the images for intervals; 0 for none.
        matches: Folder for the matches of this set; not written with 0 resamples.
    """
    with evaluation_progress() as (on_block, on_resample):
        result = evaluate(
            ann,
            store.directory,
            on_block=on_block,
            resamples=resamples,
            keep_matches=matches if resamples else None,
            on_resample=on_resample,
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


def against_best_source(
    rows: Rows, matches: Path, categories: CategoryTable, resamples: int
) -> dict[str, Any]:
    """How the merge differs from the source of highest AP, as JSON values.

    Masks are compared, or boxes where mask AP is undefined; of equal sources the first by name.

    Args:
        rows: The rows of the sources and of the merge, by name.
        matches: Where the folder of matches of each row is, by its name.
        categories: The categories of the annotations.
        resamples: Resamples of the images, at least 20.
    """
    kind: Kind = "box" if rows[MERGED]["segm"]["AP"] == UNDEFINED else "segm"
    sources = [name for name in rows if name != MERGED]
    best = max(sources, key=lambda name: float(rows[name][kind]["AP"]))
    names = best, MERGED
    table_a, table_b = (read_matches(matches / name, categories)[kind] for name in names)
    return {"source": best, "kind": kind, **compare(table_a, table_b, resamples).as_dict()}
