"""A teacher's predictions as an LVIS file that people can open, look at and edit.

D detections of an image, A annotations of it. Boxes are x, y, width, height in pixels.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from longtail.categories import CategoryTable
from longtail.config.other_data.pseudo_labels import (
    AnyPseudoLabels,
    IgnoredPseudoLabels,
    LearnedPseudoLabels,
)
from longtail.data.lvis.annotations import Annotations
from longtail.files import replacing, write_json
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore


@dataclass
class Counted:
    """What a file of pseudo-labels holds.

    Attributes:
        images: Kept ones.
        labels: Annotations in them.
        rare_labels: Those of rare categories.
    """

    images: int = 0
    labels: int = 0
    rare_labels: int = 0


def write_image_list(images: Annotations, categories: CategoryTable, path: Path) -> None:
    """Write the images of a file without what is annotated, for a detector of other categories."""
    tree = {
        "images": [_image(images, i) for i in range(images.num_images)],
        "categories": _category_records(categories),
    }
    write_json(path, tree, indent=None, end="")


def write_pseudo_labels(
    store: PredictionStore,
    images: Annotations,
    training: Annotations,
    labels: AnyPseudoLabels,
    provenance: Mapping[str, Any],
    path: Path,
) -> Counted:
    """Write the file: LVIS format with a `score` in every annotation, and where it comes from in
    `info`. Of images of another file only those with a label are in it, and nothing is verified in
    them but what is labelled.

    Args:
        store: What the teacher found in the images.
        images: The images: the training file, or a file that lists others.
        training: The categories, and what overlaps are measured against.
        labels: What is kept.
        provenance: Goes into `info`.
        path: The file; it is written under another name and then renamed.
    """
    rare = training.categories.ids[training.categories.group("r")]
    counted = Counted()
    with replacing(path) as partial, partial.open("w") as file:
        info = {"description": "pseudo-labels", "pseudo_labels": dict(provenance)}
        file.write(f'{{"info": {json.dumps(info)},\n"annotations": [')
        kept: list[int] = []
        records = _annotations(store, images, training, labels, rare, kept, counted)
        _write_list(file, records)
        file.write('],\n"images": [')
        _write_list(file, (_image(images, i, listed=True) for i in kept))
        categories = json.dumps(_category_records(training.categories))
        file.write(f'],\n"categories": {categories}}}\n')
    counted.images = len(kept)
    return counted


def kept_detections(
    columns: DetectionColumns,
    labels: AnyPseudoLabels,
    annotated: NDArray[np.float64],
    rare: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """(D,) which detections of an image become labels.

    Args:
        columns: D detections of one image.
        labels: The rules: a score, and either no overlap with annotations or, if asked for, at
            least one label of a rare category.
        annotated: (A, 4) boxes of the image's annotations.
        rare: Ids of the rare categories.
    """
    kept: NDArray[np.bool_] = columns.score >= labels.min_score
    kept &= np.all(columns.boxes[:, 2:] > 0, axis=1)
    match labels:
        case IgnoredPseudoLabels(max_iou=most) if len(annotated) and len(columns):
            crowd = [False] * len(annotated)
            kept &= coco_mask.iou(columns.boxes, annotated, crowd).max(axis=1) < most
        case LearnedPseudoLabels(needs_rare=True):
            kept &= bool(np.isin(columns.category_id[kept], rare).any())
    return kept


def _annotations(
    store: PredictionStore,
    images: Annotations,
    training: Annotations,
    labels: AnyPseudoLabels,
    rare: NDArray[np.int64],
    kept: list[int],
    counted: Counted,
) -> Iterator[Mapping[str, Any]]:
    """The records of all images, whose indices go to `kept`."""
    ignores = isinstance(labels, IgnoredPseudoLabels)
    with_masks = isinstance(labels, LearnedPseudoLabels) and labels.masks
    written = training.written
    for block, image_ids in enumerate(store.images.blocks()):
        columns = store.read_block(block, with_masks=with_masks)
        for image_id in image_ids.tolist():
            i = int(np.searchsorted(images.image_ids, image_id))
            own = columns.take(columns.image_id == image_id)
            # The images are those of the training file then, in its order.
            rows = slice(*written.offsets[i : i + 2].tolist()) if ignores else slice(0)
            chosen = own.take(kept_detections(own, labels, written.boxes[rows], rare))
            if ignores or len(chosen):
                kept.append(i)
            for row in range(len(chosen)):
                counted.labels += 1
                counted.rare_labels += int(chosen.category_id[row] in rare)
                yield _record(counted.labels, chosen, row)


def _record(number: int, columns: DetectionColumns, row: int) -> dict[str, Any]:
    x, y, width, height = columns.boxes[row].tolist()
    record = {
        "id": number,
        "image_id": int(columns.image_id[row]),
        "category_id": int(columns.category_id[row]),
        "bbox": [x, y, width, height],
        "area": width * height,
        "score": float(columns.score[row]),
    }
    counts = columns.rle(row)
    if counts:
        size = [int(columns.heights[row]), int(columns.widths[row])]
        rle = {"size": size, "counts": counts}
        if area := float(coco_mask.area(rle)):
            record |= {"area": area, "segmentation": {"size": size, "counts": counts.decode()}}
    return record


def _image(images: Annotations, i: int, *, listed: bool = False) -> dict[str, Any]:
    names = dict(zip(("file_name", "coco_url"), images.image_names(i), strict=False))
    size = {"height": int(images.heights[i]), "width": int(images.widths[i])}
    record = {"id": int(images.image_ids[i]), **size, **names}
    return record | ({"neg_category_ids": [], "not_exhaustive_category_ids": []} if listed else {})


def _category_records(categories: CategoryTable) -> list[dict[str, Any]]:
    fields = ("frequency", "image_count", "instance_count") if categories.has_counts else ()
    return [
        {
            "id": int(category_id),
            "name": name,
            **({"synset": synset} if synset else {}),
            **{field: getattr(categories, field)[i].item() for field in fields},
        }
        for i, (category_id, name, synset) in enumerate(
            zip(categories.ids, categories.names, categories.synsets, strict=True)
        )
    ]


def _write_list(file: IO[str], records: Iterable[Mapping[str, Any]]) -> None:
    for number, record in enumerate(records):
        file.write((",\n" if number else "\n") + json.dumps(record))
