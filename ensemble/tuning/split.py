"""The tuning split and the held-out split of a data set: two halves of its images.

N images.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import compress
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.sources.open import OpenedSource
from longtail.annotation_file.decoding import decode_list
from longtail.annotation_file.document import map_annotation_file
from longtail.annotation_file.records import IdOfImage, ImageOfInstance
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import IMAGES_PER_BLOCK, ImageSet
from longtail.predictions.store import PredictionStore, StoreWriter
from longtail.problems import BadInputError, ProblemReport

MIN_IMAGES = 8


def split_images(ids: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids of the tuning and of the held-out split, ascending; an odd one goes to the first.

    Raises:
        BadInputError: There are fewer than 8 images.
    """
    if len(ids) < MIN_IMAGES:
        raise BadInputError(
            f"{len(ids)} images cannot be halved and folded; tune on at least {MIN_IMAGES}, some "
            "thousand are usual"
        )
    shuffled = np.random.default_rng(seed).permutation(ids)
    middle = (len(ids) + 1) // 2
    return np.sort(shuffled[:middle]), np.sort(shuffled[middle:])


def write_annotations(annotations: Path, ids: Iterable[int], out: Path) -> Path:
    """Write the part of an LVIS annotation file that is about some images.

    Raises:
        BadInputError: It is no annotation file.
    """
    file = map_annotation_file(annotations)
    if not file.has_annotations:
        raise BadInputError(
            f"{annotations}: annotations is missing, and tuning needs annotations; give a labelled "
            "split"
        )
    report = ProblemReport(str(annotations))
    images = decode_list(file, "images", IdOfImage, report)
    owners = decode_list(file, "annotations", ImageOfInstance, report)
    report.raise_if_errors()
    chosen = set(ids)
    lists = {
        "images": [*compress(file.split("images"), (i.id in chosen for i in images))],
        "categories": file.text("categories"),
        "annotations": [
            *compress(file.split("annotations"), (o.image_id in chosen for o in owners))
        ],
    }
    out.write_bytes(msgspec.json.encode(lists))
    return out


def restrict(source: OpenedSource, images: ImageSet, out: Path) -> OpenedSource:
    """The detections of a source in some of its images, as a store in `out`.

    Args:
        source: A source of all images.
        images: Some of its images.
        out: A folder that does not exist.
    """
    directory = _restricted(source.directory, images, out / "own")
    same = source.seen_in == source.directory
    seen_in = directory if same else _restricted(source.seen_in, images, out / "seen")
    return replace(source, directory=directory, seen_in=seen_in)


def _restricted(directory: Path, images: ImageSet, out: Path) -> Path:
    store = PredictionStore.open(directory)
    writer = StoreWriter(out, images, store.source, store.has_soft_masks)
    blocks = images.blocks()
    for shard in range(images.num_shards):
        numbers = images.blocks_of_shard(shard)
        writer.write_shard(shard, (_rows_of(store, blocks[number]) for number in numbers))
    writer.finish(store.manifest.notes)
    return out


def _rows_of(store: PredictionStore, ids: NDArray[np.int64]) -> DetectionColumns:
    blocks = np.unique(store.images.find(ids) // IMAGES_PER_BLOCK)
    parts = [store.read_block(block, with_soft_masks=True) for block in blocks.tolist()]
    columns = DetectionColumns.concatenate(parts)
    return columns.take(np.isin(columns.image_id, ids))
