"""Photographs in the form in which annotation tools export COCO: nothing of LVIS is in the file.

Names have folders and spaces, ids have gaps, a crowd is a mask of plain runs, instances have
attributes, and there are neither federated lists nor frequencies.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from support.places import SHARED

PHOTOGRAPHS = SHARED / "real200"
Record = dict[str, Any]


def write_cvat_set(folder: Path, num_images: int = 24) -> Path:
    """Write `instances_default.json` and `images/`; returns the JSON file.

    Images are those with most categories, that a small set has something to learn.
    """
    tree = json.loads((PHOTOGRAPHS / "train.json").read_text())
    by_image: dict[int, list[Record]] = {image["id"]: [] for image in tree["images"]}
    for annotation in tree["annotations"]:
        by_image[annotation["image_id"]].append(annotation)

    def richness(image: Record) -> tuple[int, int, int]:
        of_image = by_image[image["id"]]
        crowded = len(image["not_exhaustive_category_ids"])
        return -crowded, -len({one["category_id"] for one in of_image}), image["id"]

    chosen = sorted(tree["images"], key=richness)[:num_images]
    images = [_image(image, place) for place, image in enumerate(chosen)]
    for image, copy in zip(chosen, images, strict=True):
        target = folder / "images" / copy["file_name"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PHOTOGRAPHS / "images" / image["file_name"], target)
    annotations = [
        annotation
        for image, copy in zip(chosen, images, strict=True)
        for annotation in _annotations(image, copy, by_image[image["id"]])
    ]
    for place, annotation in enumerate(annotations):
        annotation["id"] = 10 + 3 * place
    used = sorted({annotation["category_id"] for annotation in annotations})
    names = {category["id"]: category["name"] for category in tree["categories"]}
    categories = [{"id": id_, "name": names[id_], "supercategory": ""} for id_ in used]
    exported = {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {"contributor": "", "date_created": "", "description": "", "version": ""},
        "categories": categories,
        "images": images,
        "annotations": annotations,
    }
    path = folder / "instances_default.json"
    path.write_text(json.dumps(exported))
    return path


def _image(image: Record, place: int) -> Record:
    return {
        "id": 100 + 7 * place,
        "width": image["width"],
        "height": image["height"],
        "file_name": f"{('site a', 'site b')[place % 2]}/frame {place:03d}.jpg",
        "license": 0,
        "flickr_url": "",
        "coco_url": "",
        "date_captured": 0,
    }


def _annotations(image: Record, copy: Record, records: list[Record]) -> list[Record]:
    kept = ("category_id", "segmentation", "area", "bbox")
    shown = {"image_id": copy["id"], "iscrowd": 0, "attributes": {"occluded": False}}
    instances = [{key: record[key] for key in kept} | shown for record in records]
    crowds = [_crowd(copy, id_) | shown | {"iscrowd": 1} for id_ in _crowded(image)]
    return instances + crowds


def _crowded(image: Record) -> list[int]:
    ids: list[int] = image["not_exhaustive_category_ids"]
    return ids


def _crowd(image: Record, category_id: int) -> Record:
    """The upper quarter of an image, which the photographs' own crowds are not far from."""
    height, width = image["height"], image["width"]
    mask = np.zeros((height, width), np.uint8, order="F")
    mask[: height // 4] = 1
    edges = np.flatnonzero(np.diff(mask.ravel(order="F"))) + 1
    runs = np.diff(np.concatenate([[0], edges, [mask.size]])).tolist()
    # Runs begin with those of 0.
    counts = [0, *runs] if mask[0, 0] else runs
    area = int(coco_mask.area(coco_mask.encode(mask)))
    return {
        "category_id": category_id,
        "segmentation": {"size": [height, width], "counts": counts},
        "area": area,
        "bbox": [0, 0, width, height // 4],
    }


def write_old_results(annotations: Path, results: Path, seed: int = 0) -> None:
    """What another detector found: instances of the file, moved a little, with random scores."""
    tree = json.loads(annotations.read_text())
    sizes = {image["id"]: (image["height"], image["width"]) for image in tree["images"]}
    random = np.random.default_rng(seed)
    found = []
    for record in tree["annotations"]:
        if random.random() < 0.2 or not isinstance(record["segmentation"], list):
            continue
        height, width = sizes[record["image_id"]]
        ring = np.array(record["segmentation"][0]).reshape(-1, 2) + random.normal(0, 2, 2)
        ring = ring.clip(0, [width, height])
        rle = coco_mask.merge(coco_mask.frPyObjects([ring.ravel().tolist()], height, width))
        found.append(
            {
                "image_id": record["image_id"],
                "category_id": record["category_id"],
                "bbox": coco_mask.toBbox(rle).tolist(),
                "score": round(float(random.random()), 4),
                "segmentation": {"size": [height, width], "counts": rle["counts"].decode()},
            }
        )
    results.write_text(json.dumps(found))
