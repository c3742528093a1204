"""A shard of the matching on disk, so that many machines share the work of one evaluation.

A sealed .npz file: the arrays of a `MatchingShard` and, as JSON, what they are of. It gets its name
when it is complete. Compiled code trusts its indices: arrays that come from a file are checked.
The command calls such a file a part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.matching.blocks import ranks_of_block
from longtail.evaluation.matching.shard import Kind, KindShard, MatchingShard, join
from longtail.problems import BadInputError
from longtail.sealed_arrays import read_arrays, write_arrays


def problem_of(
    part: MatchingShard, num_images: int, num_categories: int, num_instances: int
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
    part: KindShard, num_rows: int, ranks: range, num_categories: int, num_instances: int
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


SCHEMA_VERSION = 2
REMEDY = "make the part again"
ROWS = ("image_counts", "label", "score", "score_mask")
OF_KIND = tuple(column.name for column in fields(KindShard))


class Inputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a part was made of; parts of other inputs are foreign.

    Attributes:
        annotations: SHA-256 of the annotation file.
        predictions: SHA-256 of the store's manifest, which holds those of its shards.
        kinds: What can be matched with these annotations.
        num_images: N.
        num_categories: K.
        num_instances: G.
        exhaustive: Whether every category is labelled in every image.
    """

    annotations: str
    predictions: str
    kinds: list[Kind]
    num_images: int
    num_categories: int
    num_instances: int
    exhaustive: bool = False


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    inputs: Inputs
    first_block: int
    end_block: int
    any_mask: bool


def save_shard(path: Path, part: MatchingShard, inputs: Inputs) -> None:
    """Write a part under a temporary name in the same folder, then rename it."""
    blocks = part.blocks.start, part.blocks.stop
    manifest = _Manifest(SCHEMA_VERSION, inputs, *blocks, part.any_mask)
    arrays: dict[str, NDArray[Any]] = {name: getattr(part, name) for name in ROWS}
    for kind, of_kind in part.kinds.items():
        arrays |= {f"{kind}_{name}": getattr(of_kind, name) for name in OF_KIND}
    arrays["manifest"] = np.frombuffer(msgspec.json.encode(manifest), dtype=np.uint8)
    write_arrays(path, arrays)


def read_shard(path: Path, inputs: Inputs) -> MatchingShard:
    """Read and check a part.

    Raises:
        BadInputError: It is damaged, of another version, or of other inputs than these.
    """
    arrays = read_arrays(path, REMEDY)
    try:
        version = msgspec.json.decode(arrays["manifest"].tobytes())["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(
            f"{path}: no part of an evaluation, or damaged: {error}; {REMEDY}"
        ) from None
    if version != SCHEMA_VERSION:
        raise BadInputError(
            f"{path}: schema_version is {version!r}, not this program's {SCHEMA_VERSION}; {REMEDY}"
        )
    try:
        manifest = msgspec.json.decode(arrays.pop("manifest").tobytes(), type=_Manifest)
        _check_inputs(path, manifest.inputs, inputs)
        part = _part(manifest, arrays)
    except (msgspec.DecodeError, KeyError) as error:
        raise BadInputError(f"{path}: damaged: {error}; {REMEDY}") from None
    if problem := problem_of(part, inputs.num_images, inputs.num_categories, inputs.num_instances):
        raise BadInputError(f"{path}: damaged: {problem}; {REMEDY}")
    return part


def _check_inputs(path: Path, theirs: Inputs, ours: Inputs) -> None:
    for field, of in (("annotations", "annotation file"), ("predictions", "prediction store")):
        found, needed = getattr(theirs, field), getattr(ours, field)
        if found != needed:
            raise BadInputError(
                f"{path}: made of another {of} (SHA-256 {found[:12]}..., not {needed[:12]}...); "
                "name the one it was made of, or make the part again"
            )
    if theirs.exhaustive != ours.exhaustive:
        with_or_without = "with" if theirs.exhaustive else "without"
        raise BadInputError(
            f"{path}: made {with_or_without} --exhaustive; join it as it was made, or {REMEDY}"
        )


def _part(manifest: _Manifest, arrays: dict[str, NDArray[Any]]) -> MatchingShard:
    return MatchingShard(
        blocks=range(manifest.first_block, manifest.end_block),
        any_mask=manifest.any_mask,
        **{name: arrays[name] for name in ROWS},
        kinds={
            kind: KindShard(**{name: arrays[f"{kind}_{name}"] for name in OF_KIND})
            for kind in manifest.inputs.kinds
        },
    )


def read_shards(paths: Sequence[Path], inputs: Inputs, num_blocks: int) -> MatchingShard:
    """Join the parts of all blocks, in whatever order their files are named.

    Args:
        paths: Files of parts, and directories of which every .npz file is one.
        inputs: What they must be made of.
        num_blocks: Blocks of the image set.

    Raises:
        BadInputError: A part cannot be used, two hold the same block, or a block is in none.
    """
    parts = {path: read_shard(path, inputs) for path in _files(paths)}
    ordered = sorted(parts, key=lambda path: parts[path].blocks.start)
    end = 0
    for number, path in enumerate(ordered):
        blocks = parts[path].blocks
        if blocks.start < end:
            raise BadInputError(
                f"{ordered[number - 1]} and {path} both hold block {blocks.start}; name one of them"
            )
        if blocks.start > end:
            raise _missing(range(end, blocks.start), paths)
        end = blocks.stop
    if end < num_blocks:
        raise _missing(range(end, num_blocks), paths)
    return join([parts[path] for path in ordered])


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.npz")) if path.is_dir() else [path]
    return list(dict.fromkeys(path.resolve() for path in found))


def _missing(blocks: range, paths: Sequence[Path]) -> BadInputError:
    names = ", ".join(map(str, paths))
    return BadInputError(
        f"{names}: blocks {blocks.start} to {blocks.stop - 1} are in no part; make the shard that "
        "holds them"
    )
