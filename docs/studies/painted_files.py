"""The annotation files of sets that studies paint. Category ids are labels + 1."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from longtail.data.synthetic.records import Record
from longtail.files import write_json


def is_written(path: Path, description: str) -> bool:
    """Whether a file is there that was made to this description."""
    return path.is_file() and json.loads(path.read_text())["info"]["description"] == description


def save_picture(
    images: Path,
    file_name: str,
    pixels: NDArray[np.uint8],
    image_id: int,
    absent: Iterable[int],
    not_exhaustive: Iterable[int] = (),
) -> Record:
    """Write a picture; its image record.

    Args:
        images: Folder of all pictures.
        file_name: Within it.
        pixels: (H, W, 3).
        image_id: Of the record.
        absent: Labels of categories that are verified not to be there.
        not_exhaustive: Of those of which not every instance is annotated.
    """
    Image.fromarray(pixels).save(images / file_name, compress_level=1)
    height, width = pixels.shape[:2]
    return {
        "id": image_id,
        "height": height,
        "width": width,
        "file_name": file_name,
        "coco_url": f"http://images.invalid/{file_name}",
        "neg_category_ids": sorted(label + 1 for label in absent),
        "not_exhaustive_category_ids": sorted(label + 1 for label in not_exhaustive),
    }


def category_record(
    label: int, name: str, words: str, letter: str, counts: Sequence[int]
) -> Record:
    """Of a category: `words` say what it is, `counts` are those of its images and instances."""
    image_count, instance_count = counts
    return {
        "id": label + 1,
        "name": name,
        "synset": f"{name}.n.01",
        "synonyms": [name],
        "def": words,
        "frequency": letter,
        "image_count": image_count,
        "instance_count": instance_count,
    }


def write_split(
    path: Path,
    description: str,
    images: Sequence[Record],
    annotations: Sequence[Record],
    categories: Sequence[Record],
) -> None:
    """Write an annotation file; the annotations get their ids."""
    tree: dict[str, Any] = {
        "info": {"description": description},
        "licenses": [],
        "images": images,
        "annotations": [{"id": i, **a} for i, a in enumerate(annotations, start=1)],
        "categories": categories,
    }
    write_json(path, tree, indent=None)
