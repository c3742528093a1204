"""Which detections of a source are true positives: what a calibration is fitted to.

J judged detections of one source. A detection is judged if its category is in the image or
verified to be absent; an unmatched one of a category that is not exhaustively annotated in the
image, and a match with an ignored instance, say nothing and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.grouping import sort_into_groups
from longtail.categories import CategoryTable
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.blocks import OnBlock
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.ranking import NO_CAP
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.evaluation.protocol import IOU_THRESHOLDS
from longtail.predictions.image_set import IMAGES_PER_BLOCK
from longtail.predictions.store import PredictionStore

COLUMNS = ("image", "group", "score", "true_positive")


@dataclass(frozen=True, eq=False)
class LabelledScores:
    """Judged detections, sorted by image, group, score and whether they are true positives.

    Attributes:
        image: (J,) int64 rank of the image.
        group: (J,) int64 index into `FREQUENCY_GROUPS`.
        score: (J,) float64 in [0, 1].
        true_positive: (J,) bool.
        overlap: What overlaps in true positives, masks or boxes.
    """

    image: NDArray[np.int64]
    group: NDArray[np.int64]
    score: NDArray[np.float64]
    true_positive: NDArray[np.bool_]
    overlap: Kind = "segm"

    def __len__(self) -> int:
        return len(self.score)

    @property
    def num_true_positives(self) -> int:
        """Detections that show an instance; all others are false positives."""
        return int(self.true_positive.sum())

    def take(self, rows: NDArray[np.bool_]) -> "LabelledScores":
        """Some of them, in the same order."""
        return replace(self, **{name: getattr(self, name)[rows] for name in COLUMNS})


def joined(parts: Sequence[LabelledScores]) -> LabelledScores:
    """The detections of several, at least one, part after part."""
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(of, name) for of in parts]) for name in COLUMNS
    }
    return replace(parts[0], **columns)


def labelled_scores(
    truth: GroundTruth,
    store: PredictionStore,
    kind: Kind,
    iou_threshold: float,
    on_block: OnBlock | None = None,
) -> LabelledScores:
    """Match a source with annotations, all detections of an image together, without a cap.

    The result does not depend on the order in which a source stores its detections: of equal
    scores the one first by box, then by mask, matches first.

    Args:
        truth: The annotations.
        store: The source.
        kind: Overlap of masks or of boxes.
        iou_threshold: Overlap that makes a true positive, one of 0.5, 0.55, ... 0.95.
        on_block: Told the number of blocks done and of all, as they are done.

    Raises:
        ValueError: Another threshold.
        BadInputError: The store is of other images or categories, or has no masks.
    """
    place = threshold_place(iou_threshold)
    rescorer = Rescorer.build(truth, store, kind, NO_CAP, on_block)
    order_keys, scores = _matching_order(store, truth.categories)
    table = rescorer.match_table(order_keys)
    counts = ~table.ignored[:, place]
    image, true_positive = table.image[counts], table.matched[counts, place]
    group = truth.categories.group_index()[table.category[counts]]
    # Those of boxes, by which fusion goes, also where masks are matched.
    score = scores[table.row[counts]]
    order = np.lexsort((true_positive, score, group, image))
    return LabelledScores(
        image[order], group[order], score[order], true_positive[order], overlap=kind
    )


def threshold_place(iou_threshold: float) -> int:
    """Index into the thresholds of AP.

    Raises:
        ValueError: The threshold is none of them.
    """
    places = np.flatnonzero(np.isclose(IOU_THRESHOLDS, iou_threshold, rtol=0, atol=1e-9))
    if not len(places):
        raise ValueError(f"--iou {iou_threshold}: expected one of 0.5, 0.55, 0.6, ... 0.95")
    return int(places[0])


def _matching_order(
    store: PredictionStore, categories: CategoryTable
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(S,) a number per row of the store that falls as matching goes on in its image; scores."""
    keys, scores = [], []
    for columns in store.blocks():
        ranks = store.images.find(columns.image_id) % IMAGES_PER_BLOCK
        group_of_row = ranks * len(categories) + categories.index_of(columns.category_id)
        order = sort_into_groups(
            rows=np.arange(len(columns)),
            keys=group_of_row,
            num_keys=IMAGES_PER_BLOCK * len(categories),
            scores=columns.score,
            sources=np.zeros(len(columns), np.int64),
            boxes=columns.boxes,
            counts=columns.counts,
            counts_offsets=columns.counts_offsets,
        ).order
        places = np.empty(len(columns))
        places[order] = -np.arange(len(columns), dtype=np.float64)
        keys.append(places)
        scores.append(columns.score)
    return np.concatenate(keys), np.concatenate(scores)
