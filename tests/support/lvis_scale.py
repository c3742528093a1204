"""A federated problem over LVIS v1's 1203 categories, with everything that evaluators stumble over.

The problem of the benchmarks, made awkward: wrong classes, exact duplicates, ties in scores, empty
masks, boxes without an area, instances without an area, ignored ones, lists of categories that are
not exhaustively annotated, images without instances or detections, image ids out of order.
"""

import json
from typing import Any

import numpy as np
import pycocotools.mask
from support.places import SHARED

from benchmarks.lvis_problem import HEIGHT, WIDTH, images

Record = dict[str, Any]

CATEGORIES = SHARED / "lvis_v1_categories.json"


def problem(
    seed: int, num_images: int, detections: tuple[int, int], crowd: int = 0
) -> tuple[Record, list[Record]]:
    """(annotations, results).

    Args:
        seed: Of all random numbers.
        num_images: How many; every tenth is without instances, every eleventh without detections.
        detections: Fewest and most detections of an image.
        crowd: Detections that all become of one category, which the images have or lack for sure.
    """
    random = np.random.default_rng(seed)
    table = [
        record | {"instance_count": 3 * record["image_count"]}
        for record in json.loads(CATEGORIES.read_text())
    ]
    annotations: Record = {"images": [], "annotations": [], "categories": table}
    results: list[Record] = []
    ids = random.permutation(10 * num_images)[:num_images].tolist()
    for number, (image, instances, found) in enumerate(images(table, num_images, detections, seed)):
        _spoil_instances(random, image, instances)
        _spoil_detections(random, image, instances, found)
        instances = [] if number % 10 == 9 else instances
        found = [] if number % 11 == 10 else found
        for record in (*instances, *found):
            record["image_id"] = ids[number]
        annotations["images"].append(image | {"id": ids[number]})
        annotations["annotations"] += instances
        results += found
    _make_crowd(random, annotations, results, crowd)
    return annotations, results


def _spoil_instances(random: np.random.Generator, image: Record, instances: list[Record]) -> None:
    for instance in instances:
        if random.random() < 0.05:
            instance["ignore"] = 1
        if random.random() < 0.02:
            instance["area"] = 0.0
    if random.random() < 0.4:
        image["not_exhaustive_category_ids"] = [
            instances[0]["category_id"],
            *image["neg_category_ids"][:1],
        ]


def _spoil_detections(
    random: np.random.Generator, image: Record, instances: list[Record], found: list[Record]
) -> None:
    empty = pycocotools.mask.encode(np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F"))
    judged = [record["category_id"] for record in instances] + image["neg_category_ids"]
    for i, result in enumerate(found):
        chance = random.random()
        if chance < 0.2:
            result["category_id"] = int(random.choice(judged))
        elif chance < 0.25:
            found[i] = dict(found[random.integers(len(found))])
        elif chance < 0.27:
            result["segmentation"] = result["segmentation"] | {"counts": empty["counts"].decode()}
        elif chance < 0.29:
            result["bbox"] = [*result["bbox"][:2], 0.0, result["bbox"][3]]
        if random.random() < 0.5:
            found[i]["score"] = round(found[i]["score"], 1)


def _make_crowd(
    random: np.random.Generator, annotations: Record, results: list[Record], crowd: int
) -> None:
    if not crowd:
        return
    category_id = results[0]["category_id"]
    for image in annotations["images"]:
        image["neg_category_ids"] = sorted({*image["neg_category_ids"], category_id})
    for i in random.permutation(len(results))[:crowd].tolist():
        results[i]["category_id"] = category_id
