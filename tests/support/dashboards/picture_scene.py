"""Small images with rectangles in them: annotations, results and picture files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
from PIL import Image

from dashboards.sources.found import Found, Report, Row
from dashboards.sources.pictures import PictureSource

Record = dict[str, Any]
HEIGHT, WIDTH = 60, 80
NAMES = ("disc", "cup", "kite", "lamp")
GROUPS = "rrcf"
IMAGE_COUNTS = (2, 1, 40, 300)


def instance(image_id: int, category_id: int, box: Sequence[int], **more: Any) -> Record:
    """Ground truth without its id: a filled box x, y, width, height."""
    x, y, width, height = box
    ring = [x, y, x + width, y, x + width, y + height, x, y + height]
    named = {"image_id": image_id, "category_id": category_id, "bbox": list(box)}
    return {**named, "area": float(width * height), "segmentation": [ring], **more}


def detection(image_id: int, category_id: int, box: Sequence[int], score: float) -> Record:
    """A result record whose mask is a filled box."""
    x, y, width, height = box
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    mask[y : y + height, x : x + width] = 1
    rle = pycocotools.mask.encode(mask)
    named = {"image_id": image_id, "category_id": category_id, "score": score, "bbox": list(box)}
    return {**named, "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()}}


def write_annotations(
    folder: Path,
    instances: Sequence[Record],
    num_images: int,
    lists: dict[int, Record] | None = None,
    names: Sequence[str] = NAMES,
) -> Path:
    """`ann.json` with images 1, 2, ... and categories 1, 2, ... of these names.

    Args:
        folder: Where it goes.
        instances: Of `instance`.
        num_images: Images.
        lists: Fields of an image by its id.
        names: Of the categories.
    """
    empty: Record = {"neg_category_ids": [], "not_exhaustive_category_ids": []}
    images = [
        {"id": i, "file_name": f"{i}.png", "height": HEIGHT, "width": WIDTH}
        | empty
        | (lists or {}).get(i, {})
        for i in range(1, num_images + 1)
    ]
    categories = [
        {"id": i, "name": name, "frequency": group, "image_count": count, "instance_count": count}
        for i, (name, group, count) in enumerate(zip(names, GROUPS, IMAGE_COUNTS, strict=True), 1)
    ]
    annotations = [{"id": i, **record} for i, record in enumerate(instances, 1)]
    path = folder / "ann.json"
    tree = {"images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(tree))
    return path


def write_pictures(folder: Path, num_images: int) -> Path:
    """The folder `images` with a picture of soft spots for each image."""
    images = folder / "images"
    images.mkdir()
    for i in range(1, num_images + 1):
        spots = np.random.default_rng(i).integers(0, 256, (3, 4, 3), np.uint8)
        Image.fromarray(spots).resize((WIDTH, HEIGHT)).save(images / f"{i}.png")
    return images


def random_scene(folder: Path, seed: int, num_images: int = 6) -> tuple[Path, list[Record]]:
    """Annotations with all that the federated rule knows, and detections near and far of them."""
    random = np.random.default_rng(seed)
    ids = range(1, len(NAMES) + 1)
    instances: list[Record] = []
    lists: dict[int, Record] = {}
    for image in range(1, num_images + 1):
        there = random.choice(ids, 2, replace=False).tolist()
        for category in there:
            for _ in range(random.integers(1, 4)):
                more = {"ignore": 1} if random.random() < 0.2 else {}
                instances.append(instance(image, category, _box(random), **more))
        others = [category for category in ids if category not in there]
        lists[image] = {
            "neg_category_ids": others[:1],
            "not_exhaustive_category_ids": there[:1] if random.random() < 0.5 else [],
        }
    return write_annotations(folder, instances, num_images, lists), [
        *(_near(random, of) for of in instances for _ in range(2)),
        *(
            detection(image, category, _box(random), round(random.random(), 1))
            for image in range(1, num_images + 1)
            for category in ids
            for _ in range(2)
        ),
    ]


def _box(random: np.random.Generator) -> list[int]:
    x, y = random.integers(0, [WIDTH - 30, HEIGHT - 30]).tolist()
    return [x, y, *random.integers(4, 28, 2).tolist()]


def _near(random: np.random.Generator, of: Record) -> Record:
    x, y, width, height = of["bbox"]
    box = [x + int(random.integers(0, 3)), y + int(random.integers(0, 3)), width, height]
    # Tied scores and others; no two records are the same.
    score = round(random.random(), 1) if random.random() < 0.5 else random.random()
    return detection(of["image_id"], of["category_id"], box, score)


def report_of(
    annotations: Path, images: Path, results: dict[str, Path], ap: dict[str, dict[int, float]]
) -> tuple[Report, PictureSource]:
    """Rows with AP by category, compared with the first, and where their data lie.

    Args:
        annotations: The file.
        images: The folder of pictures.
        results: A result file by the row's name.
        ap: By the row's name: mask AP, a fraction, by category id.
    """
    rows = tuple(
        Row(
            name,
            "result",
            {
                "segm": {"AP": 0.5},
                "per_category": [{"id": i, "segm_ap": of} for i, of in ap[name].items()],
            },
            predictions=path,
            annotations=annotations,
        )
        for name, path in results.items()
    )
    found = Found("made", "results", annotations.parent, rows=rows)
    return Report("Made", (found,), rows[0].name), PictureSource(annotations, images)
