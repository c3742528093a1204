"""A re-scorer on disk: one .npy file per array, to be memory-mapped, and a sealed manifest.

The directory gets its name when it is complete, so a reader finds all of it or nothing.
"""

from dataclasses import fields
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from longtail.categories import CategoryTable
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.files import new_directory, sha256_of
from longtail.predictions.store_reader import taken_by
from longtail.problems import BadInputError
from longtail.sealed import read_sealed, write_sealed

SCHEMA_VERSION = 3
MANIFEST_NAME = "rescorer.json"
REMEDY = "build the re-scorer again"


class RescorerManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a re-scorer was made of.

    Attributes:
        kind: Masks or boxes.
        max_dets: Detections that count per image, -1 for all.
        inputs: SHA-256 of the annotation file and of the store's manifest.
    """

    kind: Literal["segm", "box"]
    max_dets: int
    inputs: dict[str, str]


class _Category(msgspec.Struct, frozen=True):
    id: int
    name: str
    synset: str
    frequency: str
    image_count: int
    instance_count: int


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    rescorer: RescorerManifest
    categories: list[_Category]
    array_bytes: dict[str, int]
    array_sha256: dict[str, str] = {}


def save_rescorer(
    directory: Path, overlaps: Overlaps, categories: CategoryTable, manifest: RescorerManifest
) -> None:
    """Write arrays, then the manifest, then give the directory its name.

    Raises:
        ValueError: The directory exists.
    """
    with new_directory(directory, taken_by(directory)) as partial:
        for name in _array_names():
            np.save(_array_path(partial, name), getattr(overlaps, name))
        sizes = {name: _array_path(partial, name).stat().st_size for name in _array_names()}
        digests = {name: sha256_of(_array_path(partial, name)) for name in _array_names()}
        content = _File(SCHEMA_VERSION, manifest, _records(categories), sizes, digests)
        write_sealed(partial / MANIFEST_NAME, msgspec.json.encode(content))


def load_rescorer(
    directory: Path, verify: bool
) -> tuple[Overlaps, CategoryTable, RescorerManifest]:
    """Map the arrays of a saved re-scorer, read-only.

    Args:
        directory: Where `save_rescorer` wrote it.
        verify: Compare the SHA-256 of every array too, which reads all of it.

    Raises:
        BadInputError: The manifest is missing or of another version, or an array is damaged.
    """
    path = directory / MANIFEST_NAME
    if not path.is_file():
        raise BadInputError(f"{path} is missing: {directory} is no re-scorer; {REMEDY}")
    try:
        content = msgspec.json.decode(read_sealed(path, REMEDY), type=_File)
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path} is damaged ({error}); {REMEDY}") from None
    if content.schema_version != SCHEMA_VERSION or {*content.array_bytes} != {*_array_names()}:
        raise BadInputError(
            f"{path}: schema_version is {content.schema_version} and this program reads "
            f"{SCHEMA_VERSION}; {REMEDY}"
        )
    for name, size in content.array_bytes.items():
        array = _array_path(directory, name)
        if not array.is_file() or array.stat().st_size != size:
            raise BadInputError(f"{array}: missing, or not the {size} bytes written; {REMEDY}")
        if verify and sha256_of(array) != content.array_sha256.get(name):
            raise BadInputError(f"{array}: its SHA-256 is not the one written; {REMEDY}")
    arrays = {name: _mapped(_array_path(directory, name)) for name in _array_names()}
    records = [msgspec.structs.asdict(category) for category in content.categories]
    return Overlaps(**arrays), CategoryTable.from_records(records, str(path)), content.rescorer


def _mapped(path: Path) -> np.ndarray:
    # A plain array over the mapping: numba compiles nothing anew for np.memmap.
    return np.asarray(np.load(path, mmap_mode="r"))


def _array_names() -> list[str]:
    return [field.name for field in fields(Overlaps)]


def _array_path(directory: Path, name: str) -> Path:
    return directory / f"{name}.npy"


def _records(categories: CategoryTable) -> list[_Category]:
    columns = (
        categories.ids.tolist(),
        categories.names,
        categories.synsets,
        categories.frequency.tolist(),
        categories.image_count.tolist(),
        categories.instance_count.tolist(),
    )
    return [_Category(*row) for row in zip(*columns, strict=True)]
