"""A merge shard by shard: 1024 images a task, finished ones are found again after any crash.

A shard is finished when its record is there, which is written last and holds the SHA-256 of what it
vouches for. Tasks share nothing, so that they run in one process, in several, or on a cluster.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.merging.folder import BOXES
from ensemble.merging.pipeline import Merge
from ensemble.merging.plan import MergePlan
from ensemble.merging.statistics import MergeStatistics
from ensemble.sources.spec import MERGED
from longtail.files import sha256_of
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.manifest import shard_name
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.sealed import DamagedError
from longtail.sealed_arrays import read_arrays, write_arrays

REMEDY = "merge again: the shard is merged anew"
OnBlock = Callable[[int], object]


def ignore(number: int) -> None:
    """What a task calls when nobody watches."""


@dataclass(frozen=True, eq=False)
class MergeTask:
    """What every shard of one merge is told; it can be sent to another process.

    Attributes:
        plan: What to do with a block.
        out: Directory of the merged store.
        records: Directory of the records.
        steps: Takes a store of the result of each step; None where nobody wants them.
        boxes: Takes a store of the submission of boxes; None where nobody wants one.
    """

    plan: MergePlan
    out: Path
    records: Path
    steps: Path | None = None
    boxes: Path | None = None

    def stores(self) -> dict[str, Path]:
        """The directories that are written to: the boxes, the steps, and last the merge."""
        names = [] if self.steps is None else self.plan.steps()
        steps = {name: Path(str(self.steps)) / name for name in names}
        boxes = {} if self.boxes is None else {BOXES: self.boxes}
        return {**boxes, **steps, MERGED: self.out}

    def unfinished_shards(self) -> list[int]:
        """The shards that are still to be merged."""
        return [shard for shard in range(self.plan.images.num_shards) if not self._is_done(shard)]

    def writer(self, name: str) -> StoreWriter:
        """The writer of one of `stores`."""
        return StoreWriter(self.stores()[name], self.plan.images, Source(name))

    def _is_done(self, shard: int) -> bool:
        try:
            arrays = read_arrays(self.record(shard), REMEDY)
            vouched = {name: str(arrays[f"sha256/{name}"]) for name in self.stores()}
        except (FileNotFoundError, DamagedError, KeyError):
            return False
        files = {name: path / shard_name(shard) for name, path in self.stores().items()}
        return all(
            file.is_file() and sha256_of(file) == vouched[name] for name, file in files.items()
        )

    def record(self, shard: int) -> Path:
        """Where the record of a shard is."""
        return self.records / f"shard-{shard:05d}.npz"


def merge_shard(task: MergeTask, shard: int, on_block: OnBlock = ignore) -> int:
    """Merge the images of one shard; returns its number.

    Raises:
        BadInputError: A source is damaged, or has detections without a mask.
    """
    merge = Merge(task.plan, with_steps=task.steps is not None)
    with ExitStack() as stack:
        write = {
            name: stack.enter_context(task.writer(name).open_shard(shard)) for name in task.stores()
        }
        for number in task.plan.images.blocks_of_shard(shard):
            write[MERGED](merge.merge_block(number))
            if task.boxes is not None:
                write[BOXES](merge.boxes())
            for name in task.plan.steps() if task.steps is not None else ():
                write[name](merge.steps()[name])
            on_block(number)
    _write_record(task, shard, merge.statistics)
    return shard


def finish_shards(task: MergeTask) -> tuple[dict[str, PredictionStore], MergeStatistics]:
    """The stores of a merge whose shards are all finished, by name, and its counts."""
    statistics = MergeStatistics(task.plan.names)
    for shard in range(task.plan.images.num_shards):
        packed = read_arrays(task.record(shard), REMEDY)
        arrays = {key: _unpacked(packed, key) for key in statistics.arrays()}
        statistics.add(MergeStatistics.from_arrays(task.plan.names, arrays))
    return {name: task.writer(name).finish() for name in task.stores()}, statistics


def merged_blocks(plan: MergePlan, statistics: MergeStatistics) -> Iterator[DetectionColumns]:
    """The merged detections of all blocks in order, nothing written; they are counted as well."""
    merge = Merge(plan)
    for number in range(plan.images.num_blocks):
        yield merge.merge_block(number)
    statistics.add(merge.statistics)


def _write_record(task: MergeTask, shard: int, statistics: MergeStatistics) -> None:
    arrays: dict[str, Any] = {
        f"sha256/{name}": np.array(sha256_of(directory / shard_name(shard)))
        for name, directory in task.stores().items()
    }
    task.records.mkdir(parents=True, exist_ok=True)
    for key, counts in statistics.arrays().items():
        arrays |= _packed(key, counts)
    write_arrays(task.record(shard), arrays)


def _packed(key: str, counts: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Histograms are mostly 0: their shape, and place and count of what is not."""
    places = np.flatnonzero(counts)
    shape = np.array(counts.shape)
    return {f"{key}/shape": shape, f"{key}/places": places, f"{key}/counts": counts.flat[places]}


def _unpacked(packed: Mapping[str, NDArray[np.int64]], key: str) -> NDArray[np.int64]:
    counts = np.zeros(packed[f"{key}/shape"], np.int64)
    counts.flat[packed[f"{key}/places"]] = packed[f"{key}/counts"]
    return counts
