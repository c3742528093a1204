"""Reading the sources of a search once: rows for its trials, and what their masks overlap.

M sources, B blocks of images.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.sources.open import OpenedSource
from ensemble.sources.reader import SourceReader
from ensemble.tuning.objective.detections import SourceDetections, Strings
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import Source, StoreWriter
from longtail.problems import BadInputError


def read_source_detections(
    truth: GroundTruth,
    sources: Sequence[OpenedSource],
    score_threshold: float,
    strict: bool,
    work_dir: Path,
    max_dets: int | None = None,
    with_grids: bool = False,
) -> tuple[SourceDetections, Rescorer]:
    """Read all sources of the images of `truth`, and overlap their masks with it.

    Args:
        truth: The annotations.
        sources: M sources of its images.
        score_threshold: Lowest score that takes part.
        strict: Stop at detections without a mask; or leave them out.
        work_dir: Where a store is made that is not needed afterwards.
        max_dets: Images with more detections keep all masks, not those of judged ones only; None
            where no trial compares masks.
        with_grids: Keep the grids of soft masks, for trials that vote.

    Raises:
        BadInputError: A source has detections without a mask, or no detection is left.
    """
    reader = SourceReader(
        sources, truth.categories, score_threshold, strict, with_soft_masks=with_grids
    )
    collector = _RowCollector(truth, reader, max_dets)
    writer = StoreWriter(work_dir, truth.images, Source("union"))
    blocks = collector.blocks()
    for shard in range(truth.images.num_shards):
        writer.write_shard(shard, islice(blocks, len(truth.images.blocks_of_shard(shard))))
    store = writer.finish()
    if not store.num_detections:
        raise BadInputError("no source has a detection that a merge could use in the first half")
    return collector.rows(), Rescorer.build(truth, store, "segm")


class _RowCollector:
    """Collects the arrays while the union is written."""

    def __init__(self, truth: GroundTruth, reader: SourceReader, max_dets: int | None) -> None:
        self._truth, self._reader, self._max_dets = truth, reader, max_dets
        self._parts: list[dict[str, NDArray[Any]]] = []
        self._seen: list[NDArray[np.bool_]] = []
        self._masks, self._grids = Strings(), Strings()

    def blocks(self) -> Iterator[DetectionColumns]:
        """The usable detections of each block, sorted by image."""
        first_image = first_row = 0
        for number, ids in enumerate(self._truth.images.blocks()):
            filtered = self._reader.read(number, ids)
            block, rows = filtered.block, filtered.rows
            self._seen.append(filtered.seen)
            by_image = np.argsort(block.images[rows], kind="stable")
            place = np.empty(len(rows), np.int64)
            place[by_image] = np.arange(len(rows))
            columns = block.columns.take(rows)
            usable = replace(columns, soft=None)
            judged = self._truth.judges(block.images[rows] + first_image, block.categories[rows])
            with_masks = judged | self._may_be_cut(block.images[rows], len(ids))
            self._masks.add(usable.counts, usable.counts_offsets, with_masks)
            if columns.soft is None:
                self._grids.add_none(len(rows))
            else:
                self._grids.add(columns.soft.cells, columns.soft.offsets, judged)
            self._parts.append(
                {
                    "image": block.images[rows] + first_image,
                    "category": block.categories[rows],
                    "source": block.sources[rows],
                    "score": usable.score,
                    "score_mask": usable.score_mask,
                    "boxes": usable.boxes,
                    "widths": usable.widths,
                    "heights": usable.heights,
                    "shares": filtered.shares[rows],
                    "place": place + first_row,
                    "judged": judged,
                    "has_mask": usable.has_mask,
                }
            )
            first_image += len(ids)
            first_row += len(rows)
            yield usable.take(by_image)

    def rows(self) -> SourceDetections:
        """The arrays, once all blocks were taken."""
        ids = self._truth.images.blocks()
        columns = {name: np.concatenate([p[name] for p in self._parts]) for name in self._parts[0]}
        return SourceDetections(
            image_ids=self._truth.images.ids,
            block_starts=np.cumsum([0, *(len(part["score"]) for part in self._parts)]),
            image_starts=np.cumsum([0, *map(len, ids)]),
            counts=self._masks.data(),
            counts_offsets=self._masks.offsets(),
            cells=self._grids.data(),
            cells_offsets=self._grids.offsets(),
            seen=np.concatenate(self._seen, axis=1),
            **columns,
        )

    def _may_be_cut(self, images: NDArray[np.int64], num_images: int) -> NDArray[np.bool_]:
        """Whether the images of rows have more of them than `max_dets`."""
        if self._max_dets is None:
            return np.zeros(len(images), np.bool_)
        return np.bincount(images, minlength=num_images)[images] > self._max_dets
