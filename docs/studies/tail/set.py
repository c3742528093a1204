"""The data set of the study of the tail: the synthetic set with a steeper fall of the frequencies.

The synthetic set follows Zipf's law with exponent 1, so that its rare categories together are in
most images, and repeating their images repeats nearly all. Here training images are left out until
category k > 15 (by falling frequency) is in at most 0.6 N / 15 (15 / k)^2.5 of N images, and groups
have LVIS' own limits: rare up to 10 images, common up to 100. Validation images are left as they
are: they show the tail more often than training does, which makes APr less noisy.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from longtail.data.synthetic.dataset import Parameters, write_dataset

PAINTED = Parameters(images=4000, val_images=500, unlabelled=0, categories=60, size=112, seed=0)
NUM_IMAGES = 800
LARGEST_SHARE = 0.6
HEAD = 15
TAIL_EXPONENT = 2.5
FEWEST_IMAGES = 5
MOST_RARE = 10
MOST_COMMON = 100

Tree = dict[str, Any]


def write_tail_set(out: Path) -> tuple[Path, Path, Path]:
    """Make the set if it is not there: training and validation annotations, image folder."""
    write_dataset(out, PAINTED)
    train = with_steep_tail(_read(out / "train.json"), NUM_IMAGES)
    val = {**_read(out / "val.json"), "categories": train["categories"]}
    paths = out / "tail_train.json", out / "tail_val.json"
    for path, tree in zip(paths, (train, val), strict=True):
        path.write_text(json.dumps(tree, separators=(",", ":")))
    return *paths, out / "images"


def with_steep_tail(tree: Tree, num_images: int) -> Tree:
    """The annotation file with so many of its images, taken in order as long as quotas last.

    Raises:
        ValueError: The quotas are used up before there are enough images.
    """
    shown: dict[int, set[int]] = {image["id"]: set() for image in tree["images"]}
    for annotation in tree["annotations"]:
        shown[annotation["image_id"]].add(annotation["category_id"])
    quota = quotas(shown, [c["id"] for c in tree["categories"]], num_images)
    kept: list[int] = []
    for image_id, labels in shown.items():
        if len(kept) < num_images and labels and all(quota[label] > 0 for label in labels):
            kept.append(image_id)
            quota.subtract(labels)
    if len(kept) < num_images:
        raise ValueError(f"only {len(kept)} of {num_images} images; more have to be painted")
    return _restricted(tree, set(kept), shown)


def quotas(shown: dict[int, set[int]], categories: list[int], num_images: int) -> Counter[int]:
    """How many images may show each category: all for the 15 most frequent ones, at least 5."""
    count = Counter(label for labels in shown.values() for label in labels)
    ranked = sorted(categories, key=lambda category: (-count[category], category))
    last = LARGEST_SHARE / HEAD * num_images
    return Counter(
        {
            category: num_images
            if rank <= HEAD
            else max(FEWEST_IMAGES, round(last * (HEAD / rank) ** TAIL_EXPONENT))
            for rank, category in enumerate(ranked, start=1)
        }
    )


def frequency_group(image_count: int) -> str:
    """The letter of LVIS: r up to 10 training images, c up to 100, f above."""
    return "r" if image_count <= MOST_RARE else "c" if image_count <= MOST_COMMON else "f"


def _restricted(tree: Tree, kept: set[int], shown: dict[int, set[int]]) -> Tree:
    images = [image for image in tree["images"] if image["id"] in kept]
    annotations = [a for a in tree["annotations"] if a["image_id"] in kept]
    image_count = Counter(label for image_id in kept for label in shown[image_id])
    instance_count = Counter(a["category_id"] for a in annotations)
    categories = [
        {
            **category,
            "image_count": image_count[category["id"]],
            "instance_count": instance_count[category["id"]],
            "frequency": frequency_group(image_count[category["id"]]),
        }
        for category in tree["categories"]
    ]
    return {**tree, "images": images, "annotations": annotations, "categories": categories}


def _read(path: Path) -> Tree:
    tree: Tree = json.loads(path.read_text())
    return tree
