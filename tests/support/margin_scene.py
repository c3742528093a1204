"""Finished trials with real prediction stores, in which the cap of 300 binds or not."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
from support.distinct_records import distinct
from support.sweep_scene import LAMBDA, sweep_of

from longtail.cluster.nodes.settings import GridSettings, WorkerResources
from longtail.cluster.work.node_runner import predictions_of
from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.lvis import evaluate
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import Source
from longtail.sweep.request import Sweep
from longtail.sweep.settings import SweepSettings
from longtail.sweep.trial import Rung, Trial

SIDE = 40
CATEGORIES = {3: "r", 7: "c", 9: "f"}
IMAGES = (1, 2, 5, 6)
Record = dict[str, Any]


def mask_of(x: int, y: int) -> Record:
    """RLE of a square of ten pixels a side."""
    bitmap = np.zeros((SIDE, SIDE), np.uint8, order="F")
    bitmap[y : y + 10, x : x + 10] = 1
    return {"size": [SIDE, SIDE], "counts": pycocotools.mask.encode(bitmap)["counts"].decode()}


def annotations() -> Record:
    """Each image has an object of each category."""
    objects = [(image, category) for image in IMAGES for category in CATEGORIES]
    unlisted = {"neg_category_ids": [], "not_exhaustive_category_ids": []}
    return {
        "images": [{"id": i, "height": SIDE, "width": SIDE, **unlisted} for i in IMAGES],
        "categories": [
            {"id": i, "name": f"c{i}", "frequency": f, "image_count": 1, "instance_count": 1}
            for i, f in CATEGORIES.items()
        ],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": category,
                "bbox": [3 * category, 10, 10, 10],
                "area": 100,
                "segmentation": mask_of(3 * category, 10),
            }
            for number, (image, category) in enumerate(objects, start=1)
        ],
    }


def detections(seed: int, per_image: int) -> list[Record]:
    """Near objects and elsewhere, with tied scores; frequent categories have most of them. Of those
    that are drawn twice there is one."""
    rng = np.random.default_rng(seed)
    drawn = [
        {
            "image_id": image,
            "category_id": (category := int(rng.choice(list(CATEGORIES), p=(0.1, 0.2, 0.7)))),
            "score": round(float(rng.random()), 2),
            "segmentation": mask_of(
                min(3 * category + int(rng.integers(-2, 3)), SIDE - 10), int(rng.integers(7, 14))
            ),
        }
        for image in IMAGES
        for _ in range(per_image)
    ]
    return distinct(drawn)


class SweepFolder:
    """A runs folder with a sweep over lambda.

    Args:
        path: An empty folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.val = path / "val.json"
        self.val.write_text(json.dumps(annotations()))
        plain = sweep_of({LAMBDA: sweep_of().space.dimensions[LAMBDA]}, metrics=("AP", "APr"))
        self.sweep: Sweep = replace(plain, data=replace(plain.data, val=self.val))
        grid = GridSettings(path, WorkerResources(1, 1, 0), None, 0, "test", "lambda")
        self.settings = SweepSettings(grid)
        self.settings.directory.mkdir(parents=True)

    def finished(self, number: int, results: list[Record]) -> Trial:
        """A trial whose store holds these results, and whose metrics are theirs."""
        point = {LAMBDA: round(1e-4 * (number + 1), 6)}
        row = self.sweep.row(number, point)
        file, store = self.path / f"{number}.json", predictions_of(self.path, row)
        file.write_text(json.dumps(results))
        truth = read_ground_truth(self.val)
        import_json(file, truth.images, truth.categories, store, Source("test"))
        metrics = evaluate(self.val, store).segm
        curve = [Rung(900, {name: metrics[name] for name in ("AP", "APr")})]
        name = row.evaluation.id
        return Trial(number, point, "finished", curve, row.stages[-1].id, name, 0.1)
