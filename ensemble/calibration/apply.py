"""Scores of sources through their calibration: block by block, or as a store of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.file import Calibration
from ensemble.sources.blocks import Block
from longtail.categories import CategoryTable
from longtail.files import new_directory
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore, StoreWriter
from longtail.predictions.store_reader import taken_by


def calibrate_block(
    block: Block, calibration: Calibration, names: Sequence[str], groups: NDArray[np.int64]
) -> Block:
    """The block with calibrated scores; sources that were not fitted keep theirs.

    A mask's own score is multiplied as the score of its detection is: what a mask-scoring head
    says of the mask is a factor (its score over that of the box), and stays one.

    Args:
        block: D detections.
        calibration: Fitted to some of the sources.
        names: M names of the sources.
        groups: (D,) index into `FREQUENCY_GROUPS`.

    Raises:
        ValueError: A score is outside [0, 1].
    """
    columns = block.columns
    scores = columns.score.copy()
    bounds = np.searchsorted(block.sources, np.arange(len(names) + 1))
    for name, start, end in zip(names, bounds[:-1], bounds[1:], strict=True):
        if name in calibration.sources:
            scores[start:end] = calibration.apply(name, columns.score[start:end], groups[start:end])
    score_mask = calibrated_masks(columns.score, columns.score_mask, scores)
    return replace(block, columns=replace(columns, score=scores, score_mask=score_mask))


def calibrated_masks(
    score: NDArray[np.float64], score_mask: NDArray[np.float64], calibrated: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(D,) scores of masks, which keep their ratio to the score; as they are where it is.

    Args:
        score: (D,) before.
        score_mask: (D,) before.
        calibrated: (D,) the score afterwards.
    """
    positive = score > 0
    factors = np.where(positive, score_mask, 1) / np.where(positive, score, 1)
    return np.where(calibrated == score, score_mask, np.minimum(calibrated * factors, 1.0))


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
    groups = categories.group_index()
    for columns in store.blocks(with_soft_masks=True):
        scores = calibration.apply(
            name, columns.score, groups[categories.index_of(columns.category_id)]
        )
        score_mask = calibrated_masks(columns.score, columns.score_mask, scores)
        yield replace(columns, score=scores, score_mask=score_mask)


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
    with new_directory(out, taken_by(out)) as partial:
        writer = StoreWriter(partial, store.images, store.source, store.has_soft_masks)
        blocks = calibrated_blocks(calibration, name, store, categories)
        for shard in range(store.images.num_shards):
            writer.write_shard(shard, islice(blocks, len(store.images.blocks_of_shard(shard))))
        writer.finish(store.manifest.notes)
    return PredictionStore.open(out)
