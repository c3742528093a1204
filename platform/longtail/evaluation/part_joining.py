"""From the files of parts to one part of all blocks."""

from collections.abc import Sequence
from pathlib import Path

from longtail.evaluation.overlap_part import OverlapPart, join
from longtail.evaluation.part_files import Inputs, read_part
from longtail.problems import BadInputError


def read_parts(paths: Sequence[Path], inputs: Inputs, num_blocks: int) -> OverlapPart:
    """Join the parts of all blocks, in whatever order their files are named.

    Args:
        paths: Files of parts, and directories of which every .npz file is one.
        inputs: What they must be made of.
        num_blocks: Blocks of the image set.

    Raises:
        BadInputError: A part cannot be used, two hold the same block, or a block is in none.
    """
    parts = {path: read_part(path, inputs) for path in _files(paths)}
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
