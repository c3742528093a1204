"""A shard of a matching: what it finds in a range of blocks, to be saved and joined with others.

Within a shard detections, rows and overlaps count from 0; `join` moves them behind those of the
shards before. S rows of all detections, J judged ones with an area, E overlaps of the lowest IoU
threshold and more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["segm", "box"]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class KindShard:
    """Judged detections by one kind of overlap, by image and then in file order.

    Attributes:
        row: (J,) int64, row of the shard.
        image: (J,) int64 rank of the image.
        label: (J,) int64 index of the category.
        flags: (J,) uint8, bit a: counts as nothing in area range a if nothing matches it.
        overlap_detection: (E,) int64, index into the J.
        overlap_instance: (E,) int64, index into the instances of the whole annotation file.
        overlap_iou: (E,) float64.
    """

    row: Ints
    image: Ints
    label: Ints
    flags: NDArray[np.uint8]
    overlap_detection: Ints
    overlap_instance: Ints
    overlap_iou: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MatchingShard:
    """The detections of consecutive blocks, and what they overlap.

    Attributes:
        blocks: Numbers of the blocks.
        any_mask: A detection has a mask.
        image_counts: Rows of each image of the blocks.
        label: (S,) int64 index of the category of each row.
        score: (S,) float64, by which boxes are ranked.
        score_mask: (S,) float64, by which masks are.
        kinds: Judged detections by kind.
    """

    blocks: range
    any_mask: bool
    image_counts: Ints
    label: Ints
    score: NDArray[np.float64]
    score_mask: NDArray[np.float64]
    kinds: Mapping[Kind, KindShard]

    def scores(self, kind: Kind) -> NDArray[np.float64]:
        """(S,) the score that a kind of overlap is ranked by."""
        return self.score_mask if kind == "segm" else self.score


def join(shards: Sequence[MatchingShard]) -> MatchingShard:
    """One shard of consecutive shards of the same kinds, at least one, by rising blocks."""
    assert all(a.blocks.stop == b.blocks.start for a, b in pairwise(shards))
    first_rows = _offsets([len(shard.score) for shard in shards])
    return MatchingShard(
        blocks=range(shards[0].blocks.start, shards[-1].blocks.stop),
        any_mask=any(shard.any_mask for shard in shards),
        image_counts=np.concatenate([shard.image_counts for shard in shards]),
        label=np.concatenate([shard.label for shard in shards]),
        score=np.concatenate([shard.score for shard in shards]),
        score_mask=np.concatenate([shard.score_mask for shard in shards]),
        kinds={
            kind: _join_kind([shard.kinds[kind] for shard in shards], first_rows)
            for kind in shards[0].kinds
        },
    )


def _join_kind(shards: Sequence[KindShard], first_rows: Ints) -> KindShard:
    first_detections = _offsets([len(shard.row) for shard in shards])
    columns: dict[str, NDArray[Any]] = {
        column.name: np.concatenate([getattr(shard, column.name) for shard in shards])
        for column in fields(KindShard)
    }
    columns["row"] += np.repeat(first_rows, [len(shard.row) for shard in shards])
    overlaps = [len(shard.overlap_iou) for shard in shards]
    columns["overlap_detection"] += np.repeat(first_detections, overlaps)
    return KindShard(**columns)


def _offsets(lengths: list[int]) -> Ints:
    return np.cumsum([0, *lengths[:-1]], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class DetectionScores:
    """D detections of the whole store, in the order of its blocks.

    Attributes:
        image: (D,) int64 rank of the image.
        category: (D,) int64 index of the category.
        score: (D,) float64, of masks or of boxes.
    """

    image: NDArray[np.int64]
    category: NDArray[np.int64]
    score: NDArray[np.float64]

    @classmethod
    def of(cls, whole: MatchingShard, kind: Kind) -> "DetectionScores":
        """The rows that the shard of all blocks holds."""
        image = np.repeat(np.arange(len(whole.image_counts)), whole.image_counts)
        return cls(image, whole.label, whole.scores(kind))
