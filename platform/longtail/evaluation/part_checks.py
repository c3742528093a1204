"""Whether arrays that come from a file are a part: compiled code trusts its indices."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.blocks import ranks_of_block
from longtail.evaluation.overlap_part import KindPart, OverlapPart


def problem_of(
    part: OverlapPart, num_images: int, num_categories: int, num_instances: int
) -> str | None:
    """What keeps a part from being used; None if it is sound."""
    if not 0 <= part.blocks.start < part.blocks.stop:
        return f"it holds the blocks {part.blocks.start} to {part.blocks.stop - 1}"
    if ranks_of_block(part.blocks.stop - 1, num_images).start >= num_images:
        return f"block {part.blocks.stop - 1} has no image"
    first, last = (ranks_of_block(b, num_images) for b in (part.blocks[0], part.blocks[-1]))
    ranks = range(first.start, last.stop)
    num_rows = len(part.score)
    problems = [
        *_column("image_counts", part.image_counts, np.int64, len(ranks), (0, num_rows)),
        *_column("label", part.label, np.int64, num_rows, (0, num_categories - 1)),
        *_column("score", part.score, np.float64, num_rows, (0.0, 1.0)),
        *_column("score_mask", part.score_mask, np.float64, num_rows, (0.0, 1.0)),
    ]
    if not problems and part.image_counts.sum() != num_rows:
        problems = [f"image_counts add up to {part.image_counts.sum()} of {num_rows} rows"]
    for kind, of_kind in part.kinds.items():
        limits = num_rows, ranks, num_categories, num_instances
        problems += [f"{kind}_{problem}" for problem in _of_kind(of_kind, *limits)]
    return problems[0] if problems else None


def _of_kind(
    part: KindPart, num_rows: int, ranks: range, num_categories: int, num_instances: int
) -> Iterator[str]:
    num_judged, num_overlaps = len(part.row), len(part.overlap_iou)
    yield from _column("row", part.row, np.int64, num_judged, (0, num_rows - 1))
    yield from _column("image", part.image, np.int64, num_judged, (ranks.start, ranks.stop - 1))
    yield from _column("label", part.label, np.int64, num_judged, (0, num_categories - 1))
    yield from _column("flags", part.flags, np.uint8, num_judged, (0, 15))
    for name, limit in (("detection", num_judged), ("instance", num_instances)):
        values = getattr(part, f"overlap_{name}")
        yield from _column(f"overlap_{name}", values, np.int64, num_overlaps, (0, limit - 1))
    yield from _column("overlap_iou", part.overlap_iou, np.float64, num_overlaps, (0.0, 1.0))


def _column(
    name: str,
    values: NDArray[Any],
    dtype: type,
    length: int,
    bounds: tuple[float, float],
) -> Iterator[str]:
    if values.dtype != dtype or values.shape != (length,):
        yield f"{name} is {values.dtype} of shape {values.shape}, not {np.dtype(dtype)} ({length},)"
    elif len(values) and not bounds[0] <= values.min() <= values.max() <= bounds[1]:
        yield f"{name} has a value outside {bounds[0]} to {bounds[1]}"
