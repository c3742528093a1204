"""IoU of boxes against pycocotools, to the last digit, and of all pairs of an image."""

from dataclasses import dataclass

import numpy as np
import pycocotools.mask
import pytest
from numpy.typing import NDArray

from longtail.evaluation.matching.shapes import box_iou, iou_matrix


@dataclass
class Lengths:
    """Shapes on a line from 0: the shorter one lies within the longer."""

    area: NDArray[np.float64]
    wanted: NDArray[np.float64]

    @property
    def num_instances(self) -> int:
        return len(self.wanted)

    def iou(
        self, detections: NDArray[np.int64], instances: NDArray[np.int64], min_iou: float
    ) -> NDArray[np.float64]:
        found, wanted = self.area[detections], self.wanted[instances]
        assert (found > 0).all()
        return np.minimum(found, wanted) / np.maximum(found, wanted)


@pytest.mark.parametrize("seed", range(5))
def test_boxes_overlap_as_pycocotools_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = np.hstack([rng.uniform(-5, 50, (40, 2)), rng.uniform(0.1, 60, (40, 2))])
    wanted = np.hstack([rng.uniform(0, 50, (30, 2)), rng.uniform(0, 60, (30, 2))])
    found[:5, :2] = np.round(found[:5, :2])
    wanted[:5] = found[:5] * [1, 1, 1, 0.5]
    wanted[5] = [*found[5, :2] + found[5, 2:], 3.0, 3.0]
    expected = pycocotools.mask.iou(found, wanted, [0] * len(wanted))
    pairs = np.repeat(found, 30, axis=0), np.tile(wanted, (40, 1))
    assert np.array_equal(box_iou(*pairs), np.asarray(expected).ravel())


def test_a_detection_without_an_area_overlaps_nothing() -> None:
    shapes = Lengths(np.array([2.0, 0.0, 4.0]), np.array([4.0, 1.0]))
    assert iou_matrix(shapes, 0.1).tolist() == [[0.5, 0.5], [0.0, 0.0], [1.0, 0.25]]


def test_an_image_without_instances_has_no_columns() -> None:
    assert iou_matrix(Lengths(np.ones(3), np.zeros(0)), 0.1).shape == (3, 0)
