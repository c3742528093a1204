"""A tiny data set for the merge command: a rare, a common, a frequent category in some images."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest

from ensemble.merge import main
from longtail.commands import run

HEIGHT, WIDTH = 40, 60
IMAGE_IDS = (1, 2, 5)
CATEGORY_IDS = (3, 7, 9)
Box = tuple[int, int, int, int]
Detection = dict[str, Any]
QUICK = ("--no-evaluate",)


def mask_of(box: Box) -> dict[str, Any]:
    """RLE of a filled box x, y, width, height."""
    x, y, width, height = box
    bitmap = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    bitmap[y : y + height, x : x + width] = 1
    rle = pycocotools.mask.encode(bitmap)
    return {"size": [HEIGHT, WIDTH], "counts": rle["counts"].decode()}


def lvis_file(image_ids: Sequence[int] = IMAGE_IDS) -> dict[str, Any]:
    """Each image has one object of each category, side by side."""
    counts = {3: ("r", 5), 7: ("c", 50), 9: ("f", 500)}
    objects = [(image, category) for image in image_ids for category in CATEGORY_IDS]
    return {
        "images": [
            {
                "id": i,
                "height": HEIGHT,
                "width": WIDTH,
                "neg_category_ids": [],
                "not_exhaustive_category_ids": [],
            }
            for i in image_ids
        ],
        "categories": [
            {
                "id": i,
                "name": f"c{i}",
                "frequency": letter,
                "image_count": count,
                "instance_count": count,
            }
            for i, (letter, count) in counts.items()
        ],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": category,
                "bbox": list(object_box(category)),
                "area": 100,
                "segmentation": mask_of(object_box(category)),
            }
            for number, (image, category) in enumerate(objects, start=1)
        ],
    }


def object_box(category: int, shift: int = 0) -> Box:
    return 5 + 18 * CATEGORY_IDS.index(category) + shift, 10, 10, 10


def detection(image: int, category: int, score: float, shift: int = 0) -> Detection:
    return {
        "image_id": image,
        "category_id": category,
        "score": score,
        "segmentation": mask_of(object_box(category, shift)),
    }


def source(seed: int, num_false: int = 4, image_ids: Sequence[int] = IMAGE_IDS) -> list[Detection]:
    """Every object, off by at most one pixel, and some detections elsewhere."""
    random = np.random.default_rng(seed)
    found = [
        detection(image, category, float(random.uniform(0.4, 0.9)), int(random.integers(-1, 2)))
        for image in image_ids
        for category in CATEGORY_IDS
    ]
    wrong = [
        {
            "image_id": int(random.choice(image_ids)),
            "category_id": int(random.choice(CATEGORY_IDS)),
            "score": float(random.uniform(0, 0.4)),
            "segmentation": mask_of((int(random.integers(0, 50)), 25, 8, 8)),
        }
        for _ in range(num_false)
    ]
    return found + wrong


class Folder:
    """A temporary folder with ann.json, sources, and results."""

    def __init__(self, path: Path, image_ids: Sequence[int] = IMAGE_IDS) -> None:
        self.path = path
        self.ann = self.write("ann.json", lvis_file(image_ids))
        self.write("a.json", source(1, image_ids=image_ids))
        self.write("b.json", source(2, image_ids=image_ids))

    def write(self, name: str, tree: object) -> Path:
        path = self.path / name
        path.write_text(json.dumps(tree))
        return path

    def merge(self, *preds: str, out: str = "out", options: tuple[str, ...] = ()) -> int:
        """Exit code of the command; each of `preds` is NAME=FILE in this folder."""
        words = [f"--pred={pred.replace('=', f'={self.path}/', 1)}" for pred in preds]
        with pytest.raises(SystemExit) as ended:
            run(main, [*words, *self.ann_words(), f"--out={self.path / out}", *options])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    def ann_words(self) -> list[str]:
        """The option that names the annotations."""
        return [f"--ann={self.ann}"]

    def read(self, name: str, out: str = "out") -> Any:
        return json.loads((self.path / out / name).read_text())

    def bytes_of(self, name: str, out: str = "out") -> bytes:
        return (self.path / out / name).read_bytes()
