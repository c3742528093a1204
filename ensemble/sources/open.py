"""From what a user names as a source to a prediction store of the data set's images and categories.

Files are imported, the parts of a source joined, the categories of experts translated. What is made
on the way is kept in a folder, where a merge that was interrupted finds it again. K categories.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ensemble.sources.category_map import NOT_OURS, CategoryMap, map_categories, read_categories
from ensemble.sources.files import files_of
from ensemble.sources.parts import SourceParts
from ensemble.sources.spec import SourceSpec
from longtail.categories import CategoryTable
from longtail.predictions.checks.warnings import warnings_of
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import import_json
from longtail.predictions.sound_store import sound_store
from longtail.predictions.store import PredictionStore, Source, StoreWriter, is_store
from longtail.problems import BadInputError

NOT_SHARED = "dropped, of a category that is not shared"


@dataclass(frozen=True, eq=False)
class OpenedSource:
    """A source that is ready to be merged.

    Attributes:
        spec: What the user named, with the scale that its store says where none was given.
        directory: A store of the images and categories of the data set.
        seen_in: A store of all that the source found, also of categories that are not shared.
        trusted_categories: (K,) bool, those that it may find.
        boxes_only: Whether none of its detections has a mask, and it has some.
        warnings: What a user should know of it.
    """

    spec: SourceSpec
    directory: Path
    seen_in: Path
    trusted_categories: NDArray[np.bool_]
    boxes_only: bool = False
    warnings: tuple[str, ...] = ()


def open_source(
    spec: SourceSpec, images: ImageSet, categories: CategoryTable, folder: Path, strict: bool = True
) -> OpenedSource:
    """Make a source ready.

    Args:
        spec: What the user named.
        images: The images of `--ann`.
        categories: Its categories.
        folder: Takes the stores that have to be made.
        strict: Stop at records that cannot be used; or drop and count them.

    Raises:
        BadInputError: The source cannot be used, or was made for other images.
    """
    mapping = expert_map(spec, categories)
    theirs = categories if mapping is None else mapping.theirs
    raw = _one_store(spec, images, theirs, folder / spec.name, strict)
    store = raw if mapping is None else _translated(raw, mapping, folder / spec.name / "shared")
    known = np.ones(len(categories), np.bool_) if mapping is None else mapping.known_categories
    trusted = reduce(np.logical_or, map(categories.members, spec.groups))
    scale = store.source.scale if spec.scale is None else spec.scale
    spec = replace(spec, scale=scale)
    folders = store.directory, raw.directory
    boxes_only, warnings = _has_boxes_only(store), warnings_of(raw)
    return OpenedSource(spec, *folders, known & trusted, boxes_only, warnings)


def expert_map(spec: SourceSpec, categories: CategoryTable) -> CategoryMap | None:
    """Where the categories of an expert go; None for a source of the data set's own categories.

    Raises:
        BadInputError: Its category file cannot be used.
    """
    if spec.categories is None:
        return None
    return map_categories(read_categories(spec.categories), categories, spec.categories)


def _has_boxes_only(store: PredictionStore) -> bool:
    """Whether detections are there and none has a mask; a store with masks says so at once."""
    with_masks = any(columns.has_mask.any() for columns in store.blocks())
    return store.num_detections > 0 and not with_masks


def _one_store(
    spec: SourceSpec, images: ImageSet, categories: CategoryTable, folder: Path, strict: bool
) -> PredictionStore:
    """All files of a source as one store."""
    files = files_of(spec)
    parts = [
        _store_of(path, spec, images, categories, folder / f"part{i}", strict)
        for i, path in enumerate(files)
    ]
    if len(parts) == 1:
        return parts[0]
    joined = SourceParts(files, parts)
    blocks = map(joined.block, range(images.num_blocks))
    source = Source(spec.name, scale=parts[0].source.scale)
    soft_masks = any(part.has_soft_masks for part in parts)
    return _write(folder / "joined", images, source, blocks, joined.notes, soft_masks)


def _store_of(
    path: Path,
    spec: SourceSpec,
    images: ImageSet,
    categories: CategoryTable,
    out: Path,
    strict: bool,
) -> PredictionStore:
    """Open a store and check its digests; or import a file, unless that was done before."""
    if not path.is_dir():
        if is_store(out):
            return PredictionStore.open(out, verify=True)
        on_invalid: Literal["error", "drop"] = "error" if strict else "drop"
        of = images, categories, out, Source(spec.name)
        return import_json(path, *of, on_invalid, max_score=spec.max_score)
    store = PredictionStore.open(path, verify=True)
    if store.images.digest() != images.digest():
        raise BadInputError(
            f"{path}: made for {len(store.images)} images, other than the {len(images)} of --ann; "
            "merge sources of one image set, and give that set as --ann"
        )
    return sound_store(store, out, spec.max_score)


def _translated(raw: PredictionStore, mapping: CategoryMap, out: Path) -> PredictionStore:
    """The detections of shared categories, with the data set's ids."""
    shared = mapping.target != NOT_OURS
    kept = 0
    for columns in raw.blocks(with_masks=False):
        kept += int(shared[_indices(raw, columns, mapping.theirs)].sum())
    notes = {**raw.manifest.notes, NOT_SHARED: raw.num_detections - kept}
    blocks = map(mapping.translate, raw.blocks(with_soft_masks=True))
    return _write(out, raw.images, raw.source, blocks, notes, raw.has_soft_masks)


def _indices(
    store: PredictionStore, columns: DetectionColumns, categories: CategoryTable
) -> NDArray[np.int64]:
    try:
        return categories.index_of(columns.category_id)
    except ValueError as error:
        raise BadInputError(
            f"{store.directory}: {error}; give the categories that the expert was trained with"
        ) from None


def _write(
    out: Path,
    images: ImageSet,
    source: Source,
    blocks: Iterable[DetectionColumns],
    notes: dict[str, int],
    soft_masks: bool,
) -> PredictionStore:
    if out.exists():
        shutil.rmtree(out)
    writer, blocks = StoreWriter(out, images, source, soft_masks), iter(blocks)
    for shard in range(images.num_shards):
        writer.write_shard(shard, islice(blocks, len(images.blocks_of_shard(shard))))
    return writer.finish(notes)
