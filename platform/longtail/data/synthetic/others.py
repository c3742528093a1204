"""Annotation files beside a synthetic data set, for learning from other data.

Nothing of the data set changes. K categories of the set.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.synthetic.categories import Look, image_shares, looks
from longtail.data.synthetic.dataset import (
    PICTURE,
    PLAN,
    SHARES,
    Parameters,
    category_records,
    painted_scene,
)
from longtail.data.synthetic.plan import plan_images, verified_absent
from longtail.data.synthetic.records import Record, instance_records
from longtail.data.synthetic.scenes import Scene
from longtail.files import write_json
from longtail.randomness import generator_for

BOXES_ONLY, ALL_BOXES = "boxes_only", "all_boxes"
SPLIT = 3
"""In the derivation of random numbers, after those of the set's own splits."""
GROUP_SHARE = 0.1


def write_others(out: Path, parameters: Parameters) -> None:
    """Write `boxes_only.json` with `images/boxes_only/*.png`, and `all_boxes.json`.

    Args:
        out: The folder of a finished set.
        parameters: Those of the set.

    Raises:
        ValueError: There are no looks left for foreign categories.
    """
    _write(out, ALL_BOXES, _all_boxes(parameters))
    _write(out, BOXES_ONLY, _boxes_only(out, parameters))


def _all_boxes(parameters: Parameters) -> Record:
    """Boxes of everything that the training images show, annotated there or not."""
    kinds = looks(parameters.categories)
    plans = plan_images(
        parameters.images, _shares(parameters), generator_for(parameters.seed, PLAN, 0)
    )
    images, annotations = [], []
    for i, plan in enumerate(plans):
        rng = generator_for(parameters.seed, PICTURE, 0, i)
        scene = painted_scene(parameters.size, kinds, plan, rng)
        labels = [plan[k].label for k in scene.drawn]
        absent = sorted(set(range(len(kinds))) - set(labels))
        images.append(_image(i + 1, f"train/{i + 1:012d}.png", scene, absent))
        annotations += instance_records(i + 1, labels, scene.owner)
    return _tree(ALL_BOXES, images, annotations, kinds)


def _boxes_only(out: Path, parameters: Parameters) -> Record:
    """A third as many images as for training: half of the categories are the set's, by synset and
    under other ids, and as many are foreign. Every tenth box or so is around a group."""
    number, known = max(1, parameters.images // 3), max(1, parameters.categories // 2)
    kinds = looks(parameters.categories + known)
    kinds = [*kinds[parameters.categories :], *kinds[:known]]
    shares = generator_for(parameters.seed, SHARES, SPLIT).permutation(image_shares(len(kinds)))
    plans = plan_images(number, shares, generator_for(parameters.seed, PLAN, SPLIT))
    folder = out / "images" / BOXES_ONLY
    folder.mkdir(parents=True, exist_ok=True)
    images: list[Record] = []
    annotations: list[Record] = []
    for i, plan in enumerate(plans):
        rng = generator_for(parameters.seed, PICTURE, SPLIT, i)
        scene = painted_scene(parameters.size, kinds, plan, rng)
        name = f"{BOXES_ONLY}/{i + 1:012d}.png"
        PilImage.fromarray(scene.pixels).save(out / "images" / name, compress_level=1)
        drawn = [plan[k] for k in scene.drawn]
        found = instance_records(i + 1, [item.label for item in drawn], scene.owner)
        groups = rng.random(len(found)) < GROUP_SHARE
        annotations += [
            {**record, "iscrowd": int(group)} for record, group in zip(found, groups, strict=True)
        ]
        absent = verified_absent([item.label for item in drawn], len(kinds), rng)
        images.append(_image(i + 1, name, scene, absent))
    return _tree(BOXES_ONLY, images, annotations, kinds)


def _shares(parameters: Parameters) -> NDArray[np.float64]:
    shares = image_shares(parameters.categories)
    return generator_for(parameters.seed, SHARES).permutation(shares)


def _image(image_id: int, name: str, scene: Scene, absent: Sequence[int]) -> Record:
    height, width = scene.owner.shape
    return {
        "id": image_id,
        "height": height,
        "width": width,
        "file_name": name,
        "neg_category_ids": [label + 1 for label in absent],
        "not_exhaustive_category_ids": [],
    }


def _tree(
    name: str, images: list[Record], annotations: list[Record], kinds: Sequence[Look]
) -> Record:
    boxes = [
        {"id": i, **{field: of for field, of in record.items() if field != "segmentation"}}
        for i, record in enumerate(annotations, start=1)
    ]
    return {
        "info": {"description": f"synthetic long-tail set, {name}", "version": "1.0"},
        "images": images,
        "categories": category_records(kinds, images, annotations),
        "annotations": boxes,
    }


def _write(out: Path, name: str, tree: Record) -> None:
    write_json(out / f"{name}.json", tree, indent=None, end="", allow_nan=True)
