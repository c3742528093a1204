"""One evaluation shared by many machines: each matches a shard of the blocks and writes it."""

from pathlib import Path

from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.matching.blocks import OnBlock, blocks_of_shard
from longtail.evaluation.matching.match_store import kinds_of, match_store
from longtail.evaluation.matching.prediction_set import inputs_of, open_set
from longtail.evaluation.matching.shard_files import save_shard
from longtail.evaluation.workers import Workers
from longtail.problems import BadInputError


def write_shard(
    annotations: Path,
    predictions: Path,
    shard: int,
    num_shards: int,
    out: Path,
    on_block: OnBlock | None = None,
    workers: int = 1,
    *,
    exhaustive: bool = False,
) -> None:
    """Match one shard of a store's blocks and write it, for `evaluate(..., parts=...)`.

    Args:
        annotations: An LVIS annotation file.
        predictions: The directory of a prediction store, the same for all shards.
        shard: Which of them, from 1.
        num_shards: Shards in all, at most the store's blocks of 32 images.
        out: The shard's file, .npz; replaced if it exists.
        on_block: Told the number of blocks done and of all of the shard, as they are done.
        workers: Most processes that share the work.
        exhaustive: Every category is labelled in every image (see `read_ground_truth`).

    Raises:
        ValueError: `shard` or `num_shards` out of range, or a name that does not end in .npz.
        BadInputError: A file cannot be used; the message names file, record and field.
        InfrastructureError: A worker was killed.
    """
    if not 1 <= shard <= num_shards:
        raise ValueError(f"shard {shard}/{num_shards}: shards are numbered 1 to {num_shards}")
    if out.suffix != ".npz":
        raise ValueError(f"{out}: a part's name must end in .npz")
    if not predictions.is_dir():
        raise BadInputError(
            f"{predictions}: a shard needs a prediction store, so that all shards have the same; "
            "make one with python -m ensemble.convert"
        )
    truth = read_ground_truth(annotations, exhaustive=exhaustive)
    store = open_set(predictions, truth, work_dir=None)
    if num_shards > store.block_count:
        raise ValueError(
            f"{num_shards} shards: the store has {store.block_count} blocks of 32 images; name at "
            "most as many shards"
        )
    blocks = blocks_of_shard(shard, num_shards, store.block_count)
    with Workers(workers) as pool:
        matched = match_store(truth, store, kinds_of(truth), on_block, pool, blocks)
    save_shard(out, matched, inputs_of(truth, store))
