"""Outlines of a file as run-length masks, against pycocotools one by one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask

from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.annotations.segmentation import compressed_counts

HEIGHT, WIDTH = 10, 14
POLYGONS = [[1.0, 1.0, 9.0, 2.0, 5.0, 8.0], [3.0, 3.0, 12.5, 3.0, 12.5, 9.0, 3.0, 9.0]]


def contents() -> list[Any]:
    bitmap = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    bitmap[2:5, 3:7] = 1
    text = pycocotools.mask.encode(bitmap)["counts"].decode()
    return [
        [POLYGONS[0]],
        {"size": [HEIGHT, WIDTH], "counts": text},
        POLYGONS,
        {"size": [HEIGHT, WIDTH], "counts": [20, 30, 90]},
        {"size": [HEIGHT, WIDTH], "counts": [0, 7, 0, 3, 130.0]},
        [[-9.25, -3, 30, 2.75, 5, 23]],
        [POLYGONS[1]],
    ]


def official(content: Any) -> bytes:
    """As `LVIS.ann_to_rle` does it."""
    if isinstance(content, list):
        parts = pycocotools.mask.frPyObjects(content, HEIGHT, WIDTH)
        return bytes(pycocotools.mask.merge(parts)["counts"])
    if isinstance(content["counts"], list):
        runs = {"size": [HEIGHT, WIDTH], "counts": [int(run) for run in content["counts"]]}
        return bytes(pycocotools.mask.frPyObjects(runs, HEIGHT, WIDTH)["counts"])
    text: str = content["counts"]
    return text.encode()


def test_outlines_of_every_form_are_drawn_as_lvis_api_draws_them(tmp_path: Path) -> None:
    size = {"height": HEIGHT, "width": WIDTH}
    lists: dict[str, list[int]] = {"neg_category_ids": [], "not_exhaustive_category_ids": []}
    counts = {"frequency": "f", "image_count": 1, "instance_count": 1}
    box = {"image_id": 8, "category_id": 1, "bbox": [0, 0, 5, 5], "area": 9}
    tree = {
        "images": [{"id": 8, **size, **lists}, {"id": 3, **size, **lists}],
        "categories": [{"id": 1, "name": "one", **counts}],
        "annotations": [
            {"id": i, "segmentation": content, **box} for i, content in enumerate(contents(), 1)
        ],
    }
    path = tmp_path / "val.json"
    path.write_text(json.dumps(tree))
    truth = read_ground_truth(path)
    assert compressed_counts(truth, 0) == []
    assert compressed_counts(truth, 1) == [official(content) for content in contents()]
