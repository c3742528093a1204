"""Proposal recall: how many instances are found at all, whatever the label.

COCO's class-agnostic average recall with up to 1000 detections per image: mean over the ten IoU
thresholds of the fraction of instances that a detection matches, each once. Detections without
an area are dropped after the cap, and ignored annotations ask for nothing. detectron2's proposal
recall takes the best cover without a ranking and is another number.
"""

import hotcoco
import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.blocks import OnBlock, ranks_of_blocks
from longtail.evaluation.matching.judged import with_box_area, within_cap
from longtail.evaluation.metrics.extra_metric import EvaluatedSet, ExtraMetric
from longtail.evaluation.metrics.summary import AREA_RANGES
from longtail.metrics import UNDEFINED
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore

MAX_PROPOSALS = 1000


def proposal_recall(
    truth: GroundTruth,
    store: PredictionStore,
    max_proposals: int = MAX_PROPOSALS,
    on_block: OnBlock | None = None,
) -> dict[str, float]:
    """Class-agnostic box AR as fractions, over all instances and by their area; -1 where undefined.

    All detections of the store take part, judged or not: recall punishes none.

    Args:
        truth: The annotations.
        store: The predictions, best with more than the usual 300 per image.
        max_proposals: Best-scored detections that count per image.
        on_block: Told the number of blocks done and of all, as they are done.
    """
    parameters = hotcoco.Params("bbox")
    parameters.max_dets = [max_proposals]
    parameters.use_cats = False
    columns = zip(truth.categories.ids.tolist(), truth.categories.names, strict=True)
    categories = [{"id": id_, "name": name} for id_, name in columns]
    stream = hotcoco.StreamingEval(categories, "bbox", params=parameters)
    for block, ranks in enumerate(ranks_of_blocks(len(truth.images))):
        detections = with_box_area(
            within_cap(store.read_block(block, with_masks=False), max_proposals)
        )
        annotations = truth.annotation_dicts(ranks, with_masks=False)
        stream.update(truth.image_dicts(ranks), annotations, _box_rows(detections))
        if on_block is not None:
            on_block(block + 1, store.block_count)
    evaluation = stream.finalize()
    evaluation.accumulate()
    accumulated = evaluation.eval
    assert accumulated is not None
    # (T, 1 category, A, 1 cap)
    recall = np.asarray(accumulated["recall"])[:, 0, :, 0]
    names = ["AR", *(f"AR{area[0]}" for area in AREA_RANGES[1:])]
    means = [float(column.mean()) if column[0] > UNDEFINED else UNDEFINED for column in recall.T]
    return {f"{name}@{max_proposals}": ar for name, ar in zip(names, means, strict=True)}


def _box_rows(columns: DetectionColumns) -> NDArray[np.float64]:
    """(D, 7) image id, x, y, width, height, score, category id: hotcoco's array form."""
    ids = columns.image_id[:, None], columns.category_id[:, None]
    return np.hstack([ids[0], columns.boxes, columns.score[:, None], ids[1]]).astype(np.float64)


def _of_set(of: EvaluatedSet) -> dict[str, float]:
    return proposal_recall(of.truth, of.store, on_block=of.on_block)


PROPOSALS = ExtraMetric(
    name="proposals",
    description="recall of proposals",
    label="proposals",
    compute=_of_set,
)
