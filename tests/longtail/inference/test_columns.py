import numpy as np
import torch
from pycocotools import mask as coco_mask

from longtail.engines.base import Detections
from longtail.inference.columns import to_columns

CATEGORY_IDS = np.array([3, 7, 20])


def _detections(boxes: list[list[float]], labels: list[int], masks: torch.Tensor) -> Detections:
    count = len(boxes)
    return Detections(
        image_id=42,
        size=(10, 20),
        boxes=torch.tensor(boxes).reshape(count, 4),
        labels=torch.tensor(labels, dtype=torch.long),
        score_box=torch.linspace(0.9, 0.1, max(count, 1))[:count],
        score_mask=torch.linspace(0.8, 0.2, max(count, 1))[:count],
        mask_probabilities=masks,
    )


def test_boxes_categories_and_scores_are_those_of_the_file() -> None:
    found = _detections([[2, 1, 8, 5], [0, 0, 20, 10]], [2, 0], torch.ones(2, 28, 28))
    columns = to_columns(found, CATEGORY_IDS, 0.5)
    assert columns.image_id.tolist() == [42, 42]
    assert columns.category_id.tolist() == [20, 3]
    assert columns.boxes.tolist() == [[2, 1, 6, 4], [0, 0, 20, 10]]
    assert columns.score.tolist() == found.score_box.double().tolist()
    assert columns.score_mask.tolist() == found.score_mask.double().tolist()
    assert columns.heights.tolist() == [10, 10] and columns.widths.tolist() == [20, 20]


def test_a_full_mask_fills_its_box() -> None:
    found = _detections([[2, 1, 8, 5]], [0], torch.ones(1, 28, 28))
    (rle,) = to_columns(found, CATEGORY_IDS, 0.5).rles()
    expected = np.zeros((10, 20), dtype=np.uint8)
    expected[1:5, 2:8] = 1
    assert np.array_equal(coco_mask.decode({"size": [10, 20], "counts": rle}), expected)


def test_the_threshold_decides_which_pixels_are_set() -> None:
    masks = torch.zeros(1, 28, 28)
    masks[:, :14] = 0.6
    masks[:, 14:] = 0.4
    found = _detections([[0, 0, 20, 10]], [0], masks)
    areas = [
        coco_mask.area({"size": [10, 20], "counts": to_columns(found, CATEGORY_IDS, t).rle(0)})
        for t in (0.5, 0.3)
    ]
    assert areas == [100, 200]


def test_a_mask_without_a_pixel_is_kept_as_an_empty_one() -> None:
    masks = torch.stack([torch.ones(28, 28), torch.zeros(28, 28), torch.ones(28, 28)])
    found = _detections([[0, 0, 4, 4], [5, 5, 9, 9], [1, 1, 3, 3]], [0, 1, 2], masks)
    columns = to_columns(found, CATEGORY_IDS, 0.5)
    assert columns.category_id.tolist() == [3, 7, 20]
    areas = [coco_mask.area({"size": [10, 20], "counts": rle}) for rle in columns.rles()]
    assert areas == [16, 0, 4]


def test_an_image_without_detections_gives_no_rows() -> None:
    assert len(to_columns(_detections([], [], torch.zeros(0, 28, 28)), CATEGORY_IDS, 0.5)) == 0


def test_soft_masks_are_kept_where_asked() -> None:
    probabilities = torch.rand(2, 28, 28, generator=torch.Generator().manual_seed(0))
    found = _detections([[2, 1, 8, 5], [0, 0, 20, 10]], [2, 0], probabilities)
    assert to_columns(found, CATEGORY_IDS, 0.5).soft is None
    soft = to_columns(found, CATEGORY_IDS, 0.5, keep_soft_masks=True).soft
    assert soft is not None and soft.sides.tolist() == [28, 28]
    assert np.abs(soft.grid(1) / 255 - probabilities[1].numpy()).max() <= 0.5 / 255 + 1e-7
