"""AP-fixed: the 10 000 best-scored detections of each category, and no cap on an image.

Dave et al. 2021, "Evaluating Large-Vocabulary Object Detectors: The Devil is in the Details". The
cap of 300 an image lets categories compete for slots, so that raising the scores of rare ones
buys AP. Without it, and with a limit per category instead, no such change moves the result.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.overlaps import Kind, OnBlock
from longtail.evaluation.rescorer import NO_CAP, Rescorer
from longtail.evaluation.store_view import SetColumns, selected
from longtail.predictions.store import PredictionStore

PER_CATEGORY = 10_000


def best_of_categories(columns: SetColumns, per_category: int = PER_CATEGORY) -> NDArray[np.bool_]:
    """(D,) the best-scored detections of each category over the whole set.

    Equal scores go to the earlier detection. Detections that nobody judges take a place too, as in
    the authors' script.
    """
    order = np.lexsort((-columns.score, columns.category))
    category = columns.category[order]
    rank = np.arange(len(category)) - np.searchsorted(category, category, side="left")
    keep = np.zeros(len(category), dtype=np.bool_)
    keep[order] = rank < per_category
    return keep


def fixed_metrics(
    truth: GroundTruth,
    store: PredictionStore,
    columns: SetColumns,
    kind: Kind,
    on_block: OnBlock | None = None,
    per_category: int = PER_CATEGORY,
) -> dict[str, float]:
    """The thirteen metrics of AP-fixed: lvis-api's with max_dets=-1, recalls named AR@-1.

    Args:
        truth: The annotations.
        store: The predictions.
        columns: The same predictions as columns.
        kind: Overlaps of masks or of boxes.
        on_block: Told the number of blocks done and of all, as they are done.
        per_category: Detections that a category keeps.
    """
    view = selected(store, columns, best_of_categories(columns, per_category))
    rescorer = Rescorer.build(truth, view, kind, NO_CAP, on_block)
    return rescorer.evaluate(rescorer.scores)
