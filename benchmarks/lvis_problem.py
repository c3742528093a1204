"""A made-up federated problem of LVIS v1's shape, for benchmarks and for tests at its scale.

1203 categories, about 10 instances an image of 1 to 10 categories, some verified absent; a third
of the detections lie near an instance, the others anywhere. The same seed gives the same problem.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

Record = dict[str, Any]
Image = tuple[Record, list[Record], list[Record]]

HEIGHT, WIDTH = 480, 640
GROUPS = ("r",) * 337 + ("c",) * 461 + ("f",) * 405
ANNOTATIONS, RESULTS, STORE = "annotations.json", "results.json", "store"


def zipf_categories() -> list[Record]:
    """1203 categories by Zipf's law, rare ones first."""
    counts = np.rint(2000 / np.arange(len(GROUPS), 0, -1) ** 1.1).astype(int) + 1
    return [
        {
            "id": i + 1,
            "name": f"category {i + 1}",
            "frequency": group,
            "image_count": int(counts[i]),
            "instance_count": 3 * int(counts[i]),
        }
        for i, group in enumerate(GROUPS)
    ]


def images(
    table: list[Record], num_images: int, detections: tuple[int, int], seed: int
) -> Iterator[Image]:
    """Images, each with its instances and its detections.

    Args:
        table: LVIS category records with ids 1 to K; `image_count` says how often one is drawn.
        num_images: How many.
        detections: Fewest (at least 1) and most of an image; every number between is as likely.
        seed: Of all random numbers.
    """
    random = np.random.default_rng(seed)
    counts = np.array([record["image_count"] for record in table], dtype=np.float64)
    lowest, highest = detections
    num_instances = 0
    for image_id in range(1, num_images + 1):
        num_detections = lowest
        if lowest < highest:
            num_detections = int(random.integers(lowest, highest + 1))
        image, instances, found = _image(random, image_id, counts / counts.sum(), num_detections)
        for number, instance in enumerate(instances, start=num_instances + 1):
            instance["id"] = number
        num_instances += len(instances)
        yield image, instances, found


def _image(
    random: np.random.Generator, image_id: int, shares: NDArray[np.float64], num_detections: int
) -> Image:
    num_categories = len(shares)
    present = random.choice(num_categories, 1 + random.poisson(2.6), replace=False, p=shares)
    labels = np.repeat(present, 1 + random.poisson(1.8, len(present)))
    centres = random.uniform(0, [WIDTH, HEIGHT], (len(labels), 2))
    sizes = np.exp(random.normal(np.log(40), 1, len(labels))).clip(6, 400)
    polygons = [_star(random, *row) for row in zip(centres, sizes, strict=True)]
    absent = np.setdiff1d(random.choice(num_categories, 9, p=shares), present)
    image: Record = {"id": image_id, "height": HEIGHT, "width": WIDTH}
    image |= {"neg_category_ids": (absent + 1).tolist(), "not_exhaustive_category_ids": []}
    instances = [
        {"image_id": image_id, "category_id": int(label) + 1, **_outline(polygon)}
        for label, polygon in zip(labels, polygons, strict=True)
    ]
    found = random.integers(0, len(labels), num_detections // 3)
    guesses = [_near(random, polygons[i], abs(random.normal(0, 0.1))) for i in found]
    others = num_detections - len(found)
    scattered = zip(
        random.uniform(0, [WIDTH, HEIGHT], (others, 2)), sizes[[0] * others], strict=True
    )
    guesses += [_star(random, *row) for row in scattered]
    guessed = np.concatenate([labels[found], random.choice(num_categories, others, p=shares)])
    masks = pycocotools.mask.frPyObjects(guesses, HEIGHT, WIDTH)
    results = [
        {
            "image_id": image_id,
            "category_id": int(label) + 1,
            "score": float(score),
            "bbox": _outline(guess)["bbox"],
            "segmentation": {"size": [HEIGHT, WIDTH], "counts": mask["counts"].decode()},
        }
        for label, score, guess, mask in zip(
            guessed, random.beta(0.6, 3, len(guesses)), guesses, masks, strict=True
        )
    ]
    return image, instances, results


def _star(random: np.random.Generator, centre: NDArray[np.float64], size: float) -> list[float]:
    """An irregular polygon of 8 to 40 vertices around a centre."""
    num = int(random.integers(8, 40))
    angles = (np.arange(num) + random.uniform(0, 0.7, num)) * 2 * np.pi / num
    radii = size / 2 * random.uniform(0.5, 1, num)
    x = np.clip(centre[0] + radii * np.cos(angles), 0, WIDTH)
    y = np.clip(centre[1] + radii * np.sin(angles), 0, HEIGHT)
    return [round(float(v), 2) for v in np.stack([x, y], axis=1).ravel()]


def _near(random: np.random.Generator, polygon: list[float], noise: float) -> list[float]:
    """A polygon with every vertex moved, and all of them moved together."""
    points = np.array(polygon).reshape(-1, 2)
    side = np.ptp(points, axis=0)
    points = points + side * (random.normal(0, noise, 2) + random.normal(0, 0.02, points.shape))
    return [float(v) for v in np.clip(points, 0, [WIDTH, HEIGHT]).ravel()]


def _outline(polygon: list[float]) -> Record:
    """Box, area and segmentation of a polygon."""
    x, y = np.array(polygon).reshape(-1, 2).T
    box = [float(v) for v in (x.min(), y.min(), np.ptp(x), np.ptp(y))]
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return {"bbox": box, "area": area, "segmentation": [polygon]}


def write_problem(directory: Path, num_images: int, detections: tuple[int, int]) -> int:
    """Write annotations, results and a store; return the number of detections.

    Results go to the file image by image, so memory does not grow with them.
    """
    from longtail.categories import CategoryTable
    from longtail.predictions.image_set import ImageSet
    from longtail.predictions.result_json.read import import_json
    from longtail.predictions.store import Source

    table = zipf_categories()
    records: list[Record] = []
    annotations: list[Record] = []
    num_detections = 0
    with (directory / RESULTS).open("w") as file:
        for image, instances, found in images(table, num_images, detections, seed=0):
            records.append(image)
            annotations += instances
            num_detections += len(found)
            file.write("[" if len(records) == 1 else ",")
            file.write(json.dumps(found)[1:-1])
        file.write("]")
    path = directory / ANNOTATIONS
    content = {"images": records, "annotations": annotations, "categories": table}
    path.write_text(json.dumps(content))
    sources = ImageSet.from_json(path), CategoryTable.from_json(path)
    import_json(directory / RESULTS, *sources, directory / STORE, Source("benchmark"))
    return num_detections
