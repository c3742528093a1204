"""Small LVIS files by hand: images of noise, boxes without masks unless given."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PilImage

Record = Mapping[str, Any]


def category(category_id: int, synset: str, name: str | None = None) -> dict[str, Any]:
    """A rare category; its name is what stands before the first dot of its synset."""
    return {
        "id": category_id,
        "name": name or synset.split(".")[0],
        "synset": synset,
        "frequency": "r",
        "image_count": 1,
        "instance_count": 1,
    }


def image(image_id: int, file_name: str, size: tuple[int, int] = (40, 60), **more: Any) -> Record:
    """Of (height, width); nothing is verified unless said."""
    height, width = size
    lists = {"neg_category_ids": [], "not_exhaustive_category_ids": []}
    named = {"id": image_id, "height": height, "width": width, "file_name": file_name}
    return {**named, **lists, **more}


def box(image_id: int, category_id: int, *xywh: float, **more: Any) -> Record:
    """An instance of a box alone."""
    area = xywh[2] * xywh[3]
    of = {"image_id": image_id, "category_id": category_id, "bbox": list(xywh), "area": area}
    return {**of, **more}


def square(image_id: int, category_id: int, x: float, y: float, side: float) -> Record:
    """An instance with a mask that fills its box."""
    ring = [x, y, x + side, y, x + side, y + side, x, y + side]
    return box(image_id, category_id, x, y, side, side, segmentation=[ring])


def write_lvis(
    path: Path,
    images: Sequence[Record],
    annotations: Sequence[Record],
    categories: Sequence[Record],
    *,
    pictures: bool = True,
) -> Path:
    """Write the file, and beside it the pictures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbered = [{"id": i, **record} for i, record in enumerate(annotations, start=1)]
    tree = {"images": images, "annotations": numbered, "categories": categories}
    path.write_text(json.dumps(tree))
    for record in images if pictures else ():
        noise = np.random.default_rng(int(record["id"])).integers(
            0, 256, (record["height"], record["width"], 3), np.uint8
        )
        PilImage.fromarray(noise).save(path.parent / record["file_name"])
    return path
