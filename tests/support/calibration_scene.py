"""A made-up federated problem in which every model has its own way of being wrong about itself.

Objects lie in the cells of a grid, and each detection covers one cell exactly, so that matching
leaves nothing to chance. The log odds of right and of wrong detections are normal with equal
spread; what a model writes is slope * log odds + shift, which Platt scaling of each frequency
group can undo.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask

SIDE = 16
CELLS = 4
LETTERS = "rrrcccfff"
SPREAD = 1.5
Record = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """How a model scores: slope and shift of the log odds for r, c and f."""

    slope: float
    shifts: tuple[float, float, float]
    recall: float = 0.7


MODELS = {
    "a": Model(1.0, (-2.0, -1.0, 0.0)),
    "b": Model(2.0, (-5.0, -3.0, 2.0)),
    "c": Model(0.4, (1.5, 1.0, 1.5)),
}


class Scene:
    """Images with objects of nine categories, three of each frequency group; all are judged."""

    def __init__(self, num_images: int, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self.num_images = num_images
        shape = num_images, len(LETTERS), CELLS * CELLS
        # Rare categories are in few images, and nowhere twice in one.
        shares = np.array([{"r": 0.02, "c": 0.06, "f": 0.12}[letter] for letter in LETTERS])
        self.present = self._random.random(shape) < shares[None, :, None]

    def annotations(self, path: Path) -> Path:
        """The LVIS annotation file, boxes only."""
        found = np.argwhere(self.present)
        tree = {
            "images": [
                {
                    "id": i + 1,
                    "height": SIDE * CELLS,
                    "width": SIDE * CELLS,
                    "neg_category_ids": (np.flatnonzero(~self.present[i].any(1)) + 1).tolist(),
                    "not_exhaustive_category_ids": [],
                }
                for i in range(self.num_images)
            ],
            "categories": [
                {
                    "id": k + 1,
                    "name": f"category {k + 1}",
                    "frequency": letter,
                    "image_count": {"r": 5, "c": 50, "f": 500}[letter],
                    "instance_count": {"r": 5, "c": 50, "f": 500}[letter],
                }
                for k, letter in enumerate(LETTERS)
            ],
            "annotations": [
                {
                    "id": number,
                    "image_id": int(i) + 1,
                    "category_id": int(k) + 1,
                    "bbox": box_of(int(cell)),
                    "area": SIDE * SIDE,
                }
                for number, (i, k, cell) in enumerate(found, start=1)
            ],
        }
        path.write_text(json.dumps(tree))
        return path

    def detections(self, model: Model) -> list[Record]:
        """What a model finds: some of the objects, and a twelfth of the empty cells."""
        random = self._random
        detected = np.where(
            self.present,
            random.random(self.present.shape) < model.recall,
            random.random(self.present.shape) < 1 / 12,
        )
        places = np.argwhere(detected)
        right = self.present[detected]
        log_odds = random.normal(np.where(right, 1.0, -1.0), SPREAD)
        groups = np.array(["rcf".index(letter) for letter in LETTERS])[places[:, 1]]
        logits = model.slope * log_odds + np.array(model.shifts)[groups]
        scores = 1 / (1 + np.exp(-logits))
        return [
            {
                "image_id": int(i) + 1,
                "category_id": int(k) + 1,
                "bbox": box_of(int(cell)),
                "score": float(score),
            }
            for (i, k, cell), score in zip(places, scores, strict=True)
        ]


def box_of(cell: int) -> list[float]:
    """x, y, width, height of a cell."""
    row, column = divmod(cell, CELLS)
    return [float(SIDE * column), float(SIDE * row), float(SIDE), float(SIDE)]


def union_of_best(sources: list[list[Record]]) -> list[Record]:
    """What class-wise NMS makes of them: of each cell and category the best-scored detection."""
    best: dict[tuple[int, int, float, float], Record] = {}
    for record in (record for source in sources for record in source):
        key = record["image_id"], record["category_id"], record["bbox"][0], record["bbox"][1]
        if key not in best or best[key]["score"] < record["score"]:
            best[key] = record
    return list(best.values())


def with_mask(record: Record, random: np.random.Generator | None = None) -> Record:
    """A record with a mask in place of its box, moved by up to 4 pixels to a side."""
    x, y, width, height = map(int, record["bbox"])
    if random is not None:
        x, y = (int(np.clip(v + random.integers(-4, 5), 0, SIDE * (CELLS - 1))) for v in (x, y))
    bitmap = np.zeros((SIDE * CELLS, SIDE * CELLS), np.uint8, order="F")
    bitmap[y : y + height, x : x + width] = 1
    rle = pycocotools.mask.encode(bitmap)
    mask = {"size": list(bitmap.shape), "counts": rle["counts"].decode()}
    others = {key: value for key, value in record.items() if key != "bbox"}
    return others | {"segmentation": mask}


def write_masks(folder: Path, num_images: int) -> Path:
    """ann.json and NAME.json of every model, all with masks, those of models a little off."""
    scene, random = Scene(num_images), np.random.default_rng(1)
    ann = scene.annotations(folder / "ann.json")
    tree = json.loads(ann.read_text())
    for record in tree["annotations"]:
        record["segmentation"] = with_mask(record)["segmentation"]
    ann.write_text(json.dumps(tree))
    for name, model in MODELS.items():
        found = [with_mask(record, random) for record in scene.detections(model)]
        (folder / f"{name}.json").write_text(json.dumps(found))
    return ann
