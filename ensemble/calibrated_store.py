"""A source with calibrated scores, as a prediction store of its own."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from ensemble.calibrating import mask_factors
from ensemble.calibration_file import Calibration
from ensemble.merge_plan import group_of_category
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.json_import import new_directory
from longtail.predictions.store import PredictionStore, StoreWriter


def calibrated_blocks(
    calibration: Calibration, name: str, store: PredictionStore, categories: CategoryTable
) -> Iterator[DetectionColumns]:
    """The blocks of a store with calibrated scores; rows keep their places.

    A score of the mask keeps its ratio to the score.

    Args:
        calibration: The maps.
        name: Name of the source in it.
        store: The source.
        categories: Its categories, with frequency groups.

    Raises:
        ValueError: The calibration has no such source.
    """
    groups = group_of_category(categories)
    for columns in store.blocks(with_soft_masks=True):
        scores = calibration.apply(
            name, columns.score, groups[categories.index_of(columns.category_id)]
        )
        factors = mask_factors(columns.score, columns.score_mask)
        yield replace(columns, score=scores, score_mask=np.minimum(scores * factors, 1.0))


def write_calibrated(
    calibration: Calibration,
    name: str,
    store: PredictionStore,
    categories: CategoryTable,
    out: Path,
) -> PredictionStore:
    """Write the calibrated source to a directory, which appears when it is complete.

    Raises:
        ValueError: `out` exists, or the calibration has no such source.
    """
    with new_directory(out) as partial:
        writer = StoreWriter(partial, store.images, store.source, store.has_soft_masks)
        blocks = calibrated_blocks(calibration, name, store, categories)
        for shard in range(store.images.num_shards):
            writer.write_shard(shard, islice(blocks, len(store.images.blocks_of_shard(shard))))
        writer.finish(store.manifest.notes)
    return PredictionStore.open(out)
