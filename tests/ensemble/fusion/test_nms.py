import ensemble_boxes
import numpy as np
import pytest
import torch
import torchvision
from numpy.typing import NDArray
from support.references.fusion import suppress_reference

from ensemble.fusion.nms import suppress
from ensemble.fusion.overlap import box_shapes

SEEDS = range(10)


def random_segment(seed: int, size: int = 60) -> NDArray[np.float64]:
    """`size` xyxy boxes in [0, 1] that overlap often, best first."""
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 0.5, (size, 2))
    return np.concatenate([corner, corner + random.uniform(0.1, 0.5, (size, 2))], axis=1)


def kept(boxes: NDArray[np.float64], iou_thr: float) -> list[int]:
    keeper = suppress(box_shapes(boxes), np.array([0, len(boxes)]), iou_thr)
    return np.flatnonzero(keeper == np.arange(len(boxes))).tolist()


def falling_scores(size: int) -> NDArray[np.float64]:
    return np.linspace(0.9, 0.1, size)


@pytest.mark.parametrize("seed", SEEDS)
def test_kernel_names_the_keepers_of_its_definition(seed: int) -> None:
    boxes = random_segment(seed)
    keeper = suppress(box_shapes(boxes), np.array([0, len(boxes)]), 0.4)
    assert keeper.tolist() == suppress_reference(boxes.tolist(), 0.4)


@pytest.mark.parametrize("seed", SEEDS)
def test_keeps_what_torchvision_keeps(seed: int) -> None:
    boxes = random_segment(seed)
    scores = torch.from_numpy(falling_scores(len(boxes)))
    expected = torchvision.ops.nms(torch.from_numpy(boxes), scores, 0.5)
    assert kept(boxes, 0.5) == expected.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_keeps_what_ensemble_boxes_keeps(seed: int) -> None:
    boxes = random_segment(seed)
    fused, _, _ = ensemble_boxes.nms(
        [boxes], [falling_scores(len(boxes))], [np.zeros(len(boxes))], iou_thr=0.5
    )
    assert np.array_equal(boxes[kept(boxes, 0.5)], fused)


def test_segments_do_not_see_one_another() -> None:
    boxes = random_segment(0)
    split = 20
    keeper = suppress(box_shapes(boxes), np.array([0, split, split, len(boxes)]), 0.3)
    head = suppress(box_shapes(boxes[:split]), np.array([0, split]), 0.3)
    tail = suppress(box_shapes(boxes[split:]), np.array([0, len(boxes) - split]), 0.3)
    assert keeper.tolist() == [*head.tolist(), *(tail + split).tolist()]


def test_hand_computed_overlaps() -> None:
    # IoU with the first: 80/100 and 40/100; between the others 40/80.
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 8], [0, 0, 10, 4]], np.float64)
    assert kept(boxes, 0.5) == [0, 2]
    assert kept(boxes, 0.8) == [0, 1, 2]


def test_no_boxes() -> None:
    assert kept(np.empty((0, 4)), 0.5) == []
