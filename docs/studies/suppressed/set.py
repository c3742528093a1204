"""The data set of the study of a suppressed tail: what `looks` names, painted.

Training images show a category as often as its rank says. Validation images show rare ones more
often, in five images each, which makes APr less noisy.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docs.studies.painted_files import category_record, is_written, save_picture, write_split
from docs.studies.suppressed.looks import image_counts, looks
from docs.studies.tail.set import frequency_group
from longtail.data.synthetic.categories import Look
from longtail.data.synthetic.plan import PlannedObject, plan_images, verified_absent
from longtail.data.synthetic.records import Record, instance_records
from longtail.data.synthetic.scenes import paint
from longtail.randomness import generator_for

RADIUS = (0.12, 0.3)
"""Larger than in the plain set, by the picture's side: a mark has to be seen."""
VAL_IMAGES_OF = {"r": 5, "c": 10, "f": 30}
"""Validation images that are to show a category of each group."""
SPLITS = ("train", "val")
PLAN, PICTURE = range(2)

Found = tuple[list[Record], list[Record]]


@dataclass(frozen=True)
class Painted:
    """What decides the set: images of each split, their side in pixels, the seed."""

    images: int = 2000
    val_images: int = 600
    side: int = 112
    seed: int = 0


def write_suppressed_set(out: Path, painted: Painted | None = None) -> tuple[Path, Path, Path]:
    """Make the set if it is not there: training and validation annotations, image folder."""
    of = painted or Painted()
    paths = out / "train.json", out / "val.json"
    description = f"look-alikes, {json.dumps(asdict(of))}"
    if not all(is_written(path, description) for path in paths):
        kinds, wanted = looks(), image_counts()
        groups = [frequency_group(int(count)) for count in wanted]
        in_val = np.array([VAL_IMAGES_OF[letter] for letter in groups])
        train = _paint_split(out / "images", of, 0, of.images, kinds, wanted)
        val = _paint_split(out / "images", of, 1, of.val_images, kinds, in_val)
        categories = _categories(kinds, train[1])
        for path, split in zip(paths, (train, val), strict=True):
            write_split(path, description, *split, categories)
    return *paths, out / "images"


def _paint_split(
    folder: Path,
    of: Painted,
    split: int,
    count: int,
    kinds: Sequence[Look],
    wanted: NDArray[np.int64],
) -> Found:
    (folder / SPLITS[split]).mkdir(parents=True, exist_ok=True)
    plans = plan_images(count, wanted / count, generator_for(of.seed, PLAN, split))
    images: list[Record] = []
    annotations: list[Record] = []
    for i, plan in enumerate(plans):
        image_id = (of.images if split else 0) + i + 1
        rng = generator_for(of.seed, PICTURE, split, i)
        scene = paint((of.side, of.side), [kinds[item.label] for item in plan], rng, RADIUS)
        drawn = [plan[k] for k in scene.drawn]
        absent = verified_absent([item.label for item in drawn], len(kinds), rng)
        file_name = f"{SPLITS[split]}/{image_id:06d}.png"
        images.append(
            save_picture(folder, file_name, scene.pixels, image_id, absent, _not_exhaustive(drawn))
        )
        labels = [item.label if item.annotated else None for item in drawn]
        annotations += instance_records(image_id, labels, scene.owner)
    return images, annotations


def _not_exhaustive(drawn: Sequence[PlannedObject]) -> set[int]:
    annotated = {item.label for item in drawn if item.annotated}
    return annotated & {item.label for item in drawn if not item.annotated}


def _categories(kinds: Sequence[Look], annotations: Sequence[Record]) -> list[Record]:
    instances = Counter(a["category_id"] for a in annotations)
    pairs = {(a["image_id"], a["category_id"]) for a in annotations}
    images = Counter(category for _, category in pairs)
    return [
        category_record(
            label,
            look.name,
            f"a {look.colour} {look.shape}, {look.fill.replace('_', ' ')}",
            frequency_group(images[label + 1]),
            [images[label + 1], instances[label + 1]],
        )
        for label, look in enumerate(kinds)
    ]
