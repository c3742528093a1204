"""A part of the matching on disk, so that many machines share the work of one evaluation.

A sealed .npz file: the arrays of an `OverlapPart` and, as JSON, what they are of. It gets its name
when it is complete.
"""

from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.overlap_part import Kind, KindPart, OverlapPart
from longtail.evaluation.part_checks import problem_of
from longtail.problems import BadInputError
from longtail.sealed_arrays import read_arrays, write_arrays

SCHEMA_VERSION = 2
REMEDY = "make the part again"
ROWS = ("image_counts", "label", "score", "score_mask")
OF_KIND = tuple(column.name for column in fields(KindPart))


class Inputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a part was made of; parts of other inputs are foreign.

    Attributes:
        annotations: SHA-256 of the annotation file.
        predictions: SHA-256 of the store's manifest, which holds those of its shards.
        kinds: What can be matched with these annotations.
        num_images: N.
        num_categories: K.
        num_instances: G.
    """

    annotations: str
    predictions: str
    kinds: list[Kind]
    num_images: int
    num_categories: int
    num_instances: int


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    inputs: Inputs
    first_block: int
    end_block: int
    any_mask: bool


def write_part(path: Path, part: OverlapPart, inputs: Inputs) -> None:
    """Write a part under a temporary name in the same folder, then rename it."""
    blocks = part.blocks.start, part.blocks.stop
    manifest = _Manifest(SCHEMA_VERSION, inputs, *blocks, part.any_mask)
    arrays: dict[str, NDArray[Any]] = {name: getattr(part, name) for name in ROWS}
    for kind, of_kind in part.kinds.items():
        arrays |= {f"{kind}_{name}": getattr(of_kind, name) for name in OF_KIND}
    arrays["manifest"] = np.frombuffer(msgspec.json.encode(manifest), dtype=np.uint8)
    write_arrays(path, arrays)


def read_part(path: Path, inputs: Inputs) -> OverlapPart:
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


def _part(manifest: _Manifest, arrays: dict[str, NDArray[Any]]) -> OverlapPart:
    return OverlapPart(
        blocks=range(manifest.first_block, manifest.end_block),
        any_mask=manifest.any_mask,
        **{name: arrays[name] for name in ROWS},
        kinds={
            kind: KindPart(**{name: arrays[f"{kind}_{name}"] for name in OF_KIND})
            for kind in manifest.inputs.kinds
        },
    )
