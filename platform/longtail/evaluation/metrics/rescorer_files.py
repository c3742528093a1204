"""A re-scorer on disk: a store of its arrays, to be memory-mapped by any number of processes.

The directory gets its name when it is complete, so a reader finds all of it or nothing.
"""

from dataclasses import fields
from pathlib import Path
from typing import Literal

import msgspec

from longtail.array_store import StoreFormat, read_array_store, write_array_store
from longtail.categories import CategoryTable
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.files import new_directory
from longtail.predictions.store_reader import taken_by
from longtail.problems import BadInputError

FORMAT = StoreFormat(manifest="rescorer.json", version=4, remedy="build the re-scorer again")


class RescorerManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a re-scorer was made of.

    Attributes:
        kind: Masks or boxes.
        max_dets: Detections that count per image, -1 for all.
        inputs: SHA-256 of the annotation file and of the store's manifest, and `labels` where they
            are exhaustive.
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


class _Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rescorer: RescorerManifest
    categories: list[_Category]


def save_rescorer(
    directory: Path, overlaps: Overlaps, categories: CategoryTable, manifest: RescorerManifest
) -> None:
    """Write arrays, then the manifest, then give the directory its name.

    Raises:
        ValueError: The directory exists.
    """
    arrays = {name: getattr(overlaps, name) for name in _array_names()}
    notes = msgspec.to_builtins(_Notes(manifest, _records(categories)))
    with new_directory(directory, taken_by(directory)) as partial:
        write_array_store(partial, FORMAT, arrays, notes)


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
    path = directory / FORMAT.manifest
    try:
        store = read_array_store(directory, FORMAT, verify=verify)
        notes = msgspec.convert(store.notes, _Notes)
    except FileNotFoundError:
        raise BadInputError(
            f"{path} is missing: {directory} is no re-scorer; {FORMAT.remedy}"
        ) from None
    except msgspec.ValidationError as error:
        raise BadInputError(f"{path} is damaged ({error}); {FORMAT.remedy}") from None
    if {*store.arrays} != {*_array_names()}:
        raise BadInputError(f"{path}: not the arrays of a re-scorer; {FORMAT.remedy}")
    records = [msgspec.structs.asdict(category) for category in notes.categories]
    return Overlaps(**store.arrays), CategoryTable.from_records(records, str(path)), notes.rescorer


def _array_names() -> list[str]:
    return [field.name for field in fields(Overlaps)]


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
