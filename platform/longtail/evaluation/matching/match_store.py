"""Matching a prediction store with annotations: every block is read once, for masks and boxes.

Nothing here knows a cap or a score: AP, AP-fixed, match tables and new scores all follow from the
overlaps that are found (see `rescorer`).
"""

from collections.abc import Collection
from concurrent.futures import Future, as_completed
from functools import lru_cache
from pathlib import Path

from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.matching.block_overlaps import match_block
from longtail.evaluation.matching.blocks import OnBlock, blocks_of_shard
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.evaluation.matching.shard import Kind, MatchingShard, join
from longtail.evaluation.workers import Workers
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError

CHUNKS_PER_WORKER = 8
"""So many that a slow chunk leaves nobody waiting for long."""


def kinds_of(truth: GroundTruth) -> tuple[Kind, ...]:
    """What can be matched with these annotations."""
    return ("segm", "box") if truth.has_masks else ("box",)


def match_store(
    truth: GroundTruth,
    store: PredictionStore,
    kinds: Collection[Kind],
    on_block: OnBlock | None = None,
    workers: Workers | None = None,
    blocks: range | None = None,
) -> MatchingShard:
    """The shard of all blocks, or of some.

    Args:
        truth: The annotations.
        store: Predictions for the same images; with workers one that is on disk.
        kinds: What overlaps.
        on_block: Told the number of blocks done and of all, as they are done.
        workers: Share the work of many detections; the result is the same for any number.
        blocks: Consecutive blocks, at least one; None for all.

    Raises:
        BadInputError: Masks are needed and damaged, or a category is unknown.
        InfrastructureError: A worker was killed.
    """
    blocks = range(store.block_count) if blocks is None else blocks
    num_detections = store.num_detections * len(blocks) // max(1, store.block_count)
    num_workers = 1 if workers is None else workers.num_for(num_detections)
    if workers is None or num_workers == 1:
        return _match_blocks(truth, Instances.of(truth), store, kinds, blocks, on_block)
    num_chunks = min(CHUNKS_PER_WORKER * num_workers, len(blocks))
    ranges = (
        blocks_of_shard(number, num_chunks, len(blocks)) for number in range(1, num_chunks + 1)
    )
    chunks = [blocks[chunk.start : chunk.stop] for chunk in ranges]
    with workers.processes(min(num_workers, num_chunks)) as pool:
        files = truth.path, truth.exhaustive, store.directory
        found = [pool.submit(_match_chunk, *files, tuple(kinds), chunk) for chunk in chunks]
        _report(found, chunks, on_block)
        return join([future.result() for future in found])


def find_overlaps(
    truth: GroundTruth, store: PredictionStore, kind: Kind, on_block: OnBlock | None = None
) -> Overlaps:
    """What matching by one kind of overlap needs besides scores.

    Raises:
        BadInputError: Masks are needed and not there, or damaged.
    """
    if kind == "segm" and not truth.has_masks:
        raise BadInputError(f"{truth.path}: the annotations have boxes only; evaluate boxes")
    whole = match_store(truth, store, (kind,), on_block)
    if kind == "segm" and not whole.any_mask and len(whole.score):
        raise BadInputError(f"{store.directory}: no detection has a mask; evaluate boxes")
    return Overlaps.of(whole, kind, Instances.of(truth), truth.images.ids)


def _match_blocks(
    truth: GroundTruth,
    instances: Instances,
    store: PredictionStore,
    kinds: Collection[Kind],
    blocks: range,
    on_block: OnBlock | None = None,
) -> MatchingShard:
    shards = []
    for done, block in enumerate(blocks, start=1):
        columns = store.read_block(block, with_masks="segm" in kinds)
        shards.append(match_block(truth, instances, block, columns, kinds, store.directory))
        if on_block is not None:
            on_block(done, len(blocks))
    return join(shards)


def _report(
    found: list[Future[MatchingShard]], chunks: list[range], on_block: OnBlock | None
) -> None:
    """Tell of chunks as they are done; an error of one ends the wait for the others."""
    sizes = dict(zip(found, map(len, chunks), strict=True))
    done = 0
    for future in as_completed(found):
        future.result()
        done += sizes[future]
        if on_block is not None:
            on_block(done, sum(sizes.values()))


def _match_chunk(
    annotations: Path,
    exhaustive: bool,
    directory: Path,
    kinds: tuple[Kind, ...],
    blocks: range,
) -> MatchingShard:
    return _match_blocks(*_truth(annotations, exhaustive), _store(directory), kinds, blocks)


@lru_cache(maxsize=1)
def _truth(annotations: Path, exhaustive: bool) -> tuple[GroundTruth, Instances]:
    """Read once by a worker, for all stores."""
    truth = read_ground_truth(annotations, exhaustive=exhaustive)
    return truth, Instances.of(truth)


@lru_cache(maxsize=1)
def _store(directory: Path) -> PredictionStore:
    """Opened once by a worker, for all its chunks."""
    return PredictionStore.open(directory)
