"""Overlaps of one image's detections and objects, and their order."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.annotations.instances import Instances
from longtail.evaluation.diagnosis.image_overlaps import ImageOverlaps, image_overlaps
from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import encode, pack

Record = dict[str, Any]
SIDE = 10
CATEGORIES = [
    {"id": i, "name": str(i), "frequency": "r", "image_count": 1, "instance_count": 1}
    for i in (3, 5)
]


def square(x: int, width: int, category: int, **more: Any) -> Record:
    """An object of the full height of the image."""
    polygon = [x, 0, x + width, 0, x + width, SIDE, x, SIDE]
    area = {"bbox": [x, 0, width, SIDE], "area": width * SIDE, "segmentation": [polygon]}
    return {"image_id": 1, "category_id": category} | area | more


def column_mask(x: int, width: int) -> bytes:
    """A mask of whole columns of the image."""
    return encode(np.array([x * SIDE, width * SIDE, (SIDE - x - width) * SIDE]))


def overlaps_of(
    path: Path,
    objects: list[Record],
    detections: list[tuple[int, int, int, float]],
    kind: Literal["segm", "box"],
) -> list[ImageOverlaps]:
    """Detections are x, width, category id, score, all in the first of two images."""
    lists = {"neg_category_ids": [3, 5], "not_exhaustive_category_ids": [5]}
    images = [{"id": i, "height": SIDE, "width": SIDE} | lists for i in (1, 2)]
    elsewhere = square(0, 1, 3) | {"image_id": 2}
    annotations = [record | {"id": i} for i, record in enumerate([*objects, elsewhere], start=1)]
    file = {"images": images, "annotations": annotations, "categories": CATEGORIES}
    path.write_text(json.dumps(file))
    truth = read_ground_truth(path)
    counts, offsets = pack([column_mask(x, width) for x, width, _, _ in detections])
    rows = np.array(detections, float).reshape(-1, 4)
    whole = np.full(len(rows), SIDE)
    columns = replace(
        DetectionColumns.empty(),
        image_id=np.ones(len(rows), np.int64),
        category_id=rows[:, 2].astype(np.int64),
        score=rows[:, 3],
        score_mask=rows[:, 3],
        boxes=np.stack([rows[:, 0], 0 * whole, rows[:, 1], whole], axis=1),
        heights=whole,
        widths=whole,
        counts=counts,
        counts_offsets=offsets,
    )
    return list(image_overlaps(columns, truth, Instances.of(truth), range(2), kind))


@pytest.mark.parametrize("kind", ["segm", "box"])
def test_overlaps_are_those_computed_by_hand(tmp_path: Path, kind: Literal["segm", "box"]) -> None:
    objects = [square(0, 4, 3), square(6, 4, 5)]
    image, _ = overlaps_of(tmp_path / "a.json", objects, [(2, 4, 3, 0.5), (0, 10, 5, 0.9)], kind)
    assert image.score.tolist() == [0.9, 0.5]
    assert image.label.tolist() == [1, 0]
    assert image.exhaustive.tolist() == [False, True]
    assert image.iou == pytest.approx(np.array([[0.4, 0.4], [2 / 6, 0]]))


def test_ignored_objects_are_told_from_the_others(tmp_path: Path) -> None:
    objects = [square(0, 4, 3, ignore=1), square(6, 4, 5), square(2, 2, 3)]
    image, _ = overlaps_of(tmp_path / "a.json", objects, [(0, 4, 3, 0.5)], "box")
    assert image.gt_ignored.tolist() == [True, False, False]
    assert image.gt_label.tolist() == [0, 1, 0]
    assert image.iou.tolist() == [[1, 0, 0.5]]


@pytest.mark.parametrize("kind", ["segm", "box"])
def test_a_detection_without_an_area_is_dropped(
    tmp_path: Path, kind: Literal["segm", "box"]
) -> None:
    image, _ = overlaps_of(tmp_path / "a.json", [], [(2, 0, 3, 0.5), (2, 1, 3, 0.4)], kind)
    assert image.score.tolist() == [0.4]
    assert image.iou.shape == (1, 0)


def test_an_image_without_detections_is_there_too(tmp_path: Path) -> None:
    _, other = overlaps_of(tmp_path / "a.json", [], [(2, 1, 3, 0.4)], "segm")
    assert other.iou.shape == (0, 1)
    assert other.gt_label.tolist() == [0]
