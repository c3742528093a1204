"""The sources of a merge: named on the command line, opened as stores, read block by block.

M sources, always in the order of their names, so that the order on the command line does not
matter. D detections of one block of at most 32 images, all sources together.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ensemble.settings import OnInvalid
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.json_import import import_json
from longtail.predictions.manifest import MANIFEST_NAME, no_store
from longtail.predictions.store import PredictionStore, Source, is_store
from longtail.problems import BadInputError

MERGED = "merged"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class SourceSpec:
    """One `--pred`: a name for tables, a result file or store directory, and a weight."""

    name: str
    path: Path
    weight: float = 1.0


def parse_sources(texts: Sequence[str]) -> list[SourceSpec]:
    """Read `NAME=PATH[,weight=W]` words.

    Returns:
        The sources by name.

    Raises:
        ValueError: No source, a word that does not fit the form, or a name used twice.
    """
    if not texts:
        raise ValueError("no source to merge; name at least one with --pred NAME=PATH")
    specs = sorted(map(_parse_source, texts), key=lambda spec: spec.name)
    names = [spec.name for spec in specs]
    if MERGED in names:
        raise ValueError(f"--pred {MERGED}=...: that is the name of the result; use another")
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"--pred: {', '.join(sorted(repeated))} named twice; use unique names")
    return specs


def _parse_source(text: str) -> SourceSpec:
    name, equals, rest = text.partition("=")
    path, *options = rest.split(",")
    if not equals or not path or not NAME.fullmatch(name):
        raise ValueError(
            f"--pred {text}: expected NAME=PATH[,weight=W], a name of letters, digits, '.', '_' "
            "and '-', as in --pred r50=r50.json,weight=2"
        )
    weight = 1.0
    for option in options:
        key, _, value = option.partition("=")
        if key != "weight":
            raise ValueError(
                f"--pred {text}: unknown option {option!r}, there is only weight=W; "
                "a path must not hold a comma"
            )
        weight = _parse_weight(text, value)
    return SourceSpec(name, Path(path), weight)


def _parse_weight(text: str, value: str) -> float:
    try:
        weight = float(value)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise ValueError(f"--pred {text}: weight {value!r} is not a positive number")
    return weight


def digest_of(path: Path) -> str:
    """SHA-256 of an input: of the file, or of a store's manifest, which holds its shards'.

    Raises:
        BadInputError: There is no such file or store.
    """
    if path.is_dir() and not is_store(path):
        raise no_store(path)
    file = path / MANIFEST_NAME if path.is_dir() else path
    if not file.is_file():
        raise BadInputError(
            f"{file}: no such file; a source is a result JSON (.json, .json.gz), detectron2's "
            "instances_predictions.pth, or the directory of a prediction store"
        )
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def open_source(
    spec: SourceSpec,
    images: ImageSet,
    categories: CategoryTable,
    work_dir: Path,
    on_invalid: OnInvalid,
) -> PredictionStore:
    """Open a store and check its digests, or import a file to a store in `work_dir`.

    Raises:
        BadInputError: The source cannot be used, or was made for other images.
    """
    if not spec.path.is_dir():
        out = work_dir / spec.name
        return import_json(spec.path, images, categories, out, Source(spec.name), on_invalid)
    store = PredictionStore.open(spec.path, verify=True)
    if store.images.digest() != images.digest():
        raise BadInputError(
            f"{spec.path}: made for {len(store.images)} images, other than the {len(images)} of "
            "--ann; merge sources of one image set, and give that set as --ann"
        )
    return store


@dataclass(frozen=True, eq=False)
class Block:
    """The detections of all sources in one block of images.

    Attributes:
        image_ids: Ids of the block's images.
        columns: D detections, source after source.
        sources: (D,) int64 index of each one's source.
        images: (D,) int64 place of each one's image in `image_ids`.
        categories: (D,) int64 contiguous category index.
    """

    image_ids: NDArray[np.int64]
    columns: DetectionColumns
    sources: NDArray[np.int64]
    images: NDArray[np.int64]
    categories: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.columns)


def read_block(
    stores: Sequence[PredictionStore],
    block: int,
    image_ids: NDArray[np.int64],
    categories: CategoryTable,
) -> Block:
    """One block of every source; the stores must be of one image set.

    Raises:
        BadInputError: A source has a category that is not in the table, or is damaged.
    """
    parts = [store.read_block(block) for store in stores]
    indices = [
        _category_indices(store, part, categories)
        for store, part in zip(stores, parts, strict=True)
    ]
    columns = DetectionColumns.concatenate(parts)
    return Block(
        image_ids=image_ids,
        columns=columns,
        sources=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        images=np.searchsorted(image_ids, columns.image_id),
        categories=np.concatenate(indices),
    )


def _category_indices(
    store: PredictionStore, columns: DetectionColumns, categories: CategoryTable
) -> NDArray[np.int64]:
    try:
        return categories.index_of(columns.category_id)
    except ValueError as error:
        raise BadInputError(
            f"{store.directory}: {error}; use the --ann file the source was made for"
        ) from None
