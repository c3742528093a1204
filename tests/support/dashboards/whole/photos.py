"""Photos of noise with more categories and rows than a page shows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
from PIL import Image
from support.dashboards.picture_scene import report_of

from dashboards.sources.found import Report
from dashboards.sources.pictures import PictureSource

HEIGHT, WIDTH = 480, 640
NUM_IMAGES, NUM_CATEGORIES = 28, 14
ROWS = ("first", "second", "third", "fourth")


def photographed(folder: Path) -> tuple[Report, PictureSource]:
    """Two images of each category; every row finds a part of each of its three objects."""
    images = folder / "images"
    images.mkdir()
    random = np.random.default_rng(0)
    annotations: list[dict[str, Any]] = []
    for number in range(1, NUM_IMAGES + 1):
        noise = Image.fromarray(random.integers(0, 256, (48, 64, 3), np.uint8))
        noise.resize((WIDTH, HEIGHT)).save(images / f"{number}.jpg")
        for x in (20, 220, 420):
            box = [x, 100, *random.integers(80, 180, 2).tolist()]
            annotations.append(_object(len(annotations) + 1, number, box))
    tree = {
        "images": [
            {
                "id": number,
                "file_name": f"{number}.jpg",
                "height": HEIGHT,
                "width": WIDTH,
                "neg_category_ids": [],
                "not_exhaustive_category_ids": [],
            }
            for number in range(1, NUM_IMAGES + 1)
        ],
        "annotations": annotations,
        "categories": [
            {"id": i, "name": f"thing_{i}", "frequency": "r", "image_count": 2, "instance_count": 6}
            for i in range(1, NUM_CATEGORIES + 1)
        ],
    }
    (folder / "ann.json").write_text(json.dumps(tree))
    results, ap = {}, {}
    for place, name in enumerate(ROWS):
        results[name] = folder / f"{name}.json"
        results[name].write_text(json.dumps([_found(of, place) for of in annotations]))
        ap[name] = {i: 0.1 * place + 0.01 * i for i in range(1, NUM_CATEGORIES + 1)}
    return report_of(folder / "ann.json", images, results, ap)


def _object(number: int, image: int, box: list[int]) -> dict[str, Any]:
    x, y, width, height = box
    ring = [x, y, x + width, y, x + width, y + height, x, y + height]
    category = (image - 1) // 2 + 1
    where = {"id": number, "image_id": image, "category_id": category, "bbox": box}
    return {**where, "area": width * height, "segmentation": [ring]}


def _found(of: dict[str, Any], place: int) -> dict[str, Any]:
    """The object without some of its right side."""
    x, y, width, height = of["bbox"]
    width -= 15 * place
    mask = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    mask[y : y + height, x : x + width] = 1
    rle = pycocotools.mask.encode(mask)
    return {
        "image_id": of["image_id"],
        "category_id": of["category_id"],
        "score": 0.5 + 0.1 * place,
        "bbox": [x, y, width, height],
        "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()},
    }
