"""The `instances_predictions.pth` of detectron2's evaluators, read without torch.

The file holds a list of {"image_id", "instances"}, one for each image; `instances` is a list of
records as in result JSON. Their category_id is the model's class index, 0..K-1. It is taken for the
rank of the category by id in the annotation file, as detectron2 counts for COCO's format, and for
LVIS's wherever ids are 1..K.

A pickle is held as a whole: about 1.4 KB of memory for a detection with a mask, which shrink while
the records are converted. A result JSON is read in pieces and takes the memory of one.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longtail.categories import CategoryTable
from longtail.predictions.checks.tally import RecordBatch
from longtail.predictions.plain_pickle import check_plain, load_plain
from longtail.predictions.result_json.blocks import DecodedBlock, convert_values
from longtail.problems import BadInputError

RECORDS_PER_BLOCK = 8192
ZIP_MAGIC = b"PK\x03\x04"
# Before torch 1.6: pickles of a magic number, of 1001, of the machine's traits, then the value.
LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
LEGACY_VERSION = b"\x80\x02M\xe9\x03."
EXPECTED = "instances_predictions.pth of detectron2's evaluator, or a result JSON"


def is_torch_file(path: Path) -> bool:
    """Whether a file is of `torch.save`, by its first bytes or the ending .pth.

    Such files are zip files themselves; one that ends in .zip is a packed result JSON.
    """
    with path.open("rb") as file:
        head = file.read(len(LEGACY_MAGIC))
    is_zip = head.startswith(ZIP_MAGIC) and path.suffix != ".zip"
    return path.suffix == ".pth" or is_zip or head == LEGACY_MAGIC


def read_instances(path: Path) -> Iterator[DecodedBlock]:
    """The records of a file of `torch.save`, some thousands at a time.

    A record's index counts over all images, as in the JSON that the evaluator writes next to it.

    Raises:
        BadInputError: The file is damaged, or holds something else.
    """
    data, start = _pickle_of(path)
    try:
        images = load_plain(data, start, str(path))
    except BadInputError as error:
        raise BadInputError(f"{error}{_results_beside(path)}") from None
    del data
    if not isinstance(images, list):
        raise BadInputError(f"{path}: holds {_kind(images)}, not a list of images; give {EXPECTED}")
    size = path.stat().st_size
    records: list[Any] = []
    first = 0
    for number in range(len(images)):
        # What is converted must not stay in memory.
        image, images[number] = images[number], None
        records += _instances_of(image, f"{path}: image entry {number}")
        is_last = number + 1 == len(images)
        if len(records) >= RECORDS_PER_BLOCK or is_last:
            yield convert_values(records, first, size * (number + 1) // len(images))
            first += len(records)
            records = []


def to_dataset_ids(batch: RecordBatch, categories: CategoryTable) -> None:
    """Turn class indices into ids of the annotation file; an index outside 0..K-1 is a fault."""
    index = batch.columns.category_id.copy()
    outside = (index < 0) | (index >= len(categories))
    batch.reject(
        outside,
        "category_id",
        f"is no class index of the annotation file, 0 to {len(categories) - 1}",
        index,
        "name the annotation file of the data set that the model was trained on, or import "
        "detectron2's *_instances_results.json, which has ids",
    )
    batch.columns.category_id[~outside] = categories.ids[index[~outside]]


def _instances_of(image: Any, where: str) -> list[Any]:
    instances = image.get("instances") if isinstance(image, dict) else None
    if not isinstance(instances, list):
        found = _kind(image) if not isinstance(image, dict) else f"keys {str([*image])[:100]}"
        raise BadInputError(
            f'{where}: expected {{"image_id", "instances": [...]}}, found {found}; give {EXPECTED}'
        )
    return instances


def _pickle_of(path: Path) -> tuple[bytes, int]:
    """Bytes that hold the pickle of a `torch.save`, and where it begins."""
    with path.open("rb") as file:
        is_zip = file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
    if is_zip:
        return _unzip(path), 0
    data = path.read_bytes()
    if not data.startswith(LEGACY_MAGIC + LEGACY_VERSION):
        raise BadInputError(
            f"{path}: neither of the two formats of torch.save begins with {data[:10]!r}; "
            f"give {EXPECTED}"
        )
    return data, check_plain(data, len(LEGACY_MAGIC + LEGACY_VERSION), str(path))


def _unzip(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [e for e in archive.infolist() if e.filename.endswith("/data.pkl")]
            if len(entries) != 1:
                raise BadInputError(
                    f"{path}: a zip file with {len(entries)} data.pkl, where torch.save writes "
                    f"one; unpack it, and give {EXPECTED}"
                )
            # torch.save stores; so nothing can unfold to more than the file's size.
            if entries[0].compress_type != zipfile.ZIP_STORED or entries[0].flag_bits & 1:
                raise BadInputError(
                    f"{path}: {entries[0].filename} is compressed or encrypted, which torch.save "
                    "does not do; write the file again with torch.save"
                )
            return archive.read(entries[0])
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        if isinstance(error, BadInputError):
            raise
        raise BadInputError(
            f"{path}: damaged or truncated ({error}); copy or write the file again"
        ) from None


def _results_beside(path: Path) -> str:
    """The result JSON that the same evaluator wrote, where it lies in the same folder."""
    found = sorted(path.parent.glob("*_instances_results.json"))
    return f"; beside it is {found[0]}" if found else ""


def _kind(value: object) -> str:
    return f"a value of type {type(value).__name__}"
