"""Small federated problems, and lvis-api run on them the way its own users run it.

The oracle does not go through the platform: it reads the files that the test wrote.
"""

import copy
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest
from support.distinct_records import distinct

from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import PredictionStore, Source

Record = dict[str, Any]


def rectangle(x: float, y: float, w: float, h: float) -> list[float]:
    """A polygon."""
    return [x, y, x + w, y, x + w, y + h, x, y + h]


def rle(bitmap: np.ndarray) -> Record:
    """A compressed mask as result files hold it."""
    encoded = pycocotools.mask.encode(np.asfortranarray(bitmap, dtype=np.uint8))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode()}


def rle_of(segmentation: Any, height: int, width: int) -> Record:
    """The mask of a ground-truth segmentation."""
    if isinstance(segmentation, list):
        parts = pycocotools.mask.frPyObjects(segmentation, height, width)
        return rle(pycocotools.mask.decode(pycocotools.mask.merge(parts)))
    if isinstance(segmentation["counts"], list):
        segmentation = pycocotools.mask.frPyObjects(segmentation, height, width)
    return rle(pycocotools.mask.decode(segmentation))


def moved(mask: Record, dx: int, dy: int) -> Record:
    """The same mask, wrapped around the image's borders."""
    return rle(np.roll(pycocotools.mask.decode(mask), (dy, dx), axis=(0, 1)))


def detection(image_id: int, category_id: int, mask: Record, score: float) -> Record:
    """A result with a mask and its box."""
    bbox = [float(v) for v in pycocotools.mask.toBbox(mask)]
    return {
        "image_id": image_id,
        "category_id": category_id,
        "bbox": bbox,
        "score": score,
        "segmentation": mask,
    }


def categories(num: int, rng: np.random.Generator) -> list[Record]:
    """Categories with gaps in their ids, in file order that is not id order."""
    records = [
        {
            "id": 3 * i + 2,
            "name": f"category <{i}>",
            "frequency": "rcf"[int(rng.integers(3))],
            "image_count": int(rng.integers(0, 200)),
            "instance_count": int(10 ** rng.uniform(0, 4)),
        }
        for i in range(num)
    ]
    return [records[i] for i in rng.permutation(num)]


def ground_truth(rng: np.random.Generator, num_images: int, num_categories: int) -> Record:
    """Images with polygons and masks, empty images, unlisted and not exhaustive categories."""
    table = categories(num_categories, rng)
    ids = [record["id"] for record in table]
    images: list[Record] = []
    annotations: list[Record] = []
    for image_id in rng.permutation(1000)[:num_images].tolist():
        height, width = int(rng.integers(60, 140)), int(rng.integers(60, 140))
        present = set()
        for _ in range(int(rng.integers(0, 7))):
            annotation = _instance(rng, height, width)
            annotation |= {"id": len(annotations) + 1, "image_id": image_id}
            annotation["category_id"] = int(rng.choice(ids))
            present.add(annotation["category_id"])
            annotations.append(annotation)
        absent = [c for c in ids if c not in present and rng.random() < 0.4]
        not_exhaustive = [c for c in ids if rng.random() < 0.2]
        images.append(
            {
                "id": image_id,
                "height": height,
                "width": width,
                "neg_category_ids": absent,
                "not_exhaustive_category_ids": not_exhaustive,
            }
        )
    return {"images": images, "annotations": annotations, "categories": table}


def _instance(rng: np.random.Generator, height: int, width: int) -> Record:
    w, h = (float(v) for v in np.exp(rng.uniform(np.log(4), np.log(120), 2)).clip(0, width - 4))
    h = min(h, height - 4)
    x, y = float(rng.uniform(0, width - w)), float(rng.uniform(0, height - h))
    segmentation: Any = [rectangle(x, y, w, h)]
    kind = rng.random()
    if kind < 0.2:
        segmentation = [rectangle(x, y, w / 2, h), rectangle(x + w / 2, y, w / 3, h / 2)]
    elif kind < 0.4:
        segmentation = rle_of(segmentation, height, width)
    elif kind < 0.5:
        bitmap = pycocotools.mask.decode(rle_of(segmentation, height, width))
        flat = bitmap.ravel(order="F")
        edges = np.flatnonzero(np.diff(flat, prepend=0))
        runs = np.diff(np.concatenate([[0], edges, [flat.size]]))
        segmentation = {"size": [height, width], "counts": runs.tolist()}
    mask = rle_of(segmentation, height, width)
    area = float(pycocotools.mask.area(mask)) if rng.random() > 0.05 else 0.0
    annotation = {
        "bbox": [float(v) for v in pycocotools.mask.toBbox(mask)],
        "area": area,
        "segmentation": segmentation,
        "iscrowd": int(rng.random() < 0.1),
    }
    return annotation | ({"ignore": 1} if rng.random() < 0.1 else {})


def perturbed(
    annotations: Record, rng: np.random.Generator, copies: int = 3, decimals: int = 2
) -> list[Record]:
    """Detections near the ground truth: moved, relabelled, tied in score, some without a pixel.

    None is there twice: lvis-api would count it twice, and the platform does once.
    """
    sizes = {image["id"]: (image["height"], image["width"]) for image in annotations["images"]}
    ids = [record["id"] for record in annotations["categories"]]
    results = []
    for annotation in annotations["annotations"]:
        height, width = sizes[annotation["image_id"]]
        mask = rle_of(annotation["segmentation"], height, width)
        for _ in range(int(rng.integers(0, 2 * copies))):
            dx, dy = (int(v) for v in rng.integers(-4, 5, 2))
            other = moved(mask, dx, dy) if rng.random() > 0.03 else rle(np.zeros((height, width)))
            right = rng.random() < 0.7
            category_id = annotation["category_id"] if right else int(rng.choice(ids))
            score = round(float(rng.random()), decimals)
            results.append(detection(annotation["image_id"], category_id, other, score))
    return distinct([results[i] for i in rng.permutation(len(results))])


def official(path: Path, results: list[Record], kind: str, max_dets: int = 300) -> dict[str, float]:
    """lvis-api's thirteen numbers; masks go in without boxes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "float", float, raising=False)
        import lvis

        logging.getLogger("lvis").setLevel(logging.ERROR)
        results = copy.deepcopy(results)
        if kind == "segm":
            for result in results:
                result.pop("bbox", None)
        capped = lvis.LVISResults(lvis.LVIS(str(path)), results, max_dets=max_dets)
        evaluation = lvis.LVISEval(str(path), capped, kind)
        evaluation.params.max_dets = max_dets
        evaluation.run()
    return {name: float(value) for name, value in evaluation.get_results().items()}


@pytest.fixture
def make_problem() -> Callable[..., tuple[Record, list[Record]]]:
    """(annotations, results) of a random problem, by seed."""

    def make(
        seed: int, num_images: int = 8, num_categories: int = 6, copies: int = 3, decimals: int = 2
    ) -> tuple[Record, list[Record]]:
        rng = np.random.default_rng(seed)
        annotations = ground_truth(rng, num_images, num_categories)
        return annotations, perturbed(annotations, rng, copies, decimals)

    return make


@pytest.fixture
def perturb() -> Callable[..., list[Record]]:
    """Detections near a file's ground truth."""
    return perturbed


@pytest.fixture
def lvis_api() -> Callable[..., dict[str, float]]:
    """The official evaluator."""
    return official


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Record, list[Record]], tuple[Path, Path]]:
    """Write annotations and results; return the two paths."""

    def write_files(annotations: Record, results: list[Record]) -> tuple[Path, Path]:
        paths = tmp_path / "annotations.json", tmp_path / "results.json"
        for path, content in zip(paths, (annotations, results), strict=True):
            path.write_text(json.dumps(content))
        return paths

    return write_files


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]:
    """Read annotations, and turn results into a store of their own."""

    def open_files(paths: tuple[Path, Path]) -> tuple[GroundTruth, PredictionStore]:
        truth = read_ground_truth(paths[0])
        out = tmp_path / f"store-{len(list(tmp_path.glob('store-*')))}"
        of_file = truth.images, truth.categories
        return truth, import_json(paths[1], *of_file, out, Source("test"), allow_empty=True)

    return open_files
