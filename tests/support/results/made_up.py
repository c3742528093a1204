"""Result files of a made-up detector on the toy set: some objects right, some labels wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np


def write_result(path: Path, val: Path, seed: int, *, boxes_only: bool = False) -> Path:
    """Write a result JSON: most objects of `val`, and one with a wrong label for each."""
    tree = json.loads(val.read_text())
    ids = [category["id"] for category in tree["categories"]]
    random = np.random.default_rng(seed)
    records = []
    for annotation in tree["annotations"]:
        if random.random() < 0.8:
            right = _record(annotation, annotation["category_id"], random.random(), boxes_only)
            others = [number for number in ids if number != annotation["category_id"]]
            wrong = int(random.choice(others))
            records += [right, _record(annotation, wrong, random.random() / 2, boxes_only)]
    path.write_text(json.dumps(records))
    return path


def _record(
    annotation: dict[str, Any], category: int, score: float, boxes_only: bool
) -> dict[str, Any]:
    field = "bbox" if boxes_only else "segmentation"
    common = {"image_id": annotation["image_id"], "category_id": category, "score": score}
    return {**common, field: annotation[field]}
