"""What a grid loses of a mask."""

import numpy as np
import pytest
import torch

from docs.studies.thin.ceiling import bitmaps, ceiling_ap, through_grid
from longtail.data.loading.scenes.masks import InstanceMasks, PolygonMask


def rectangle(x0: float, y0: float, x1: float, y1: float) -> PolygonMask:
    return PolygonMask((np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64),))


def test_a_bitmap_has_the_pixels_of_its_polygon() -> None:
    (bitmap,) = bitmaps(InstanceMasks((rectangle(10, 5, 30, 25),)), (40, 60))
    expected = np.zeros((40, 60), np.bool_)
    expected[5:25, 10:30] = True
    assert np.array_equal(bitmap, expected)


def test_a_mask_that_fills_its_box_loses_nothing() -> None:
    masks, boxes = InstanceMasks((rectangle(4, 8, 60, 36),)), torch.tensor([[4.0, 8, 60, 36]])
    (pasted,) = through_grid(masks, boxes, 28, (64, 64))
    assert np.array_equal(pasted, bitmaps(masks, (64, 64))[0])


def test_a_bar_thinner_than_a_cell_becomes_as_wide_as_one_and_whole_cells_are_kept() -> None:
    # A box of 140 pixels has cells of 5; a bar of 2 becomes about 5 wide.
    boxes = torch.tensor([[0.0, 0, 140, 140]])
    thin, wide = rectangle(71, 0, 73, 140), rectangle(60, 0, 80, 140)
    for bar, least, most in ((thin, 0.2, 0.5), (wide, 0.95, 1.0)):
        masks = InstanceMasks((bar,))
        (pasted,) = through_grid(masks, boxes, 28, (140, 140))
        (wanted,) = bitmaps(masks, (140, 140))
        iou = (pasted & wanted).sum() / (pasted | wanted).sum()
        assert least <= iou <= most


def test_the_ceiling_of_ap_counts_thresholds_that_are_reached() -> None:
    # 0.5 to 0.95: the first reaches 0.5 alone, the second the first six, the third all ten.
    assert ceiling_ap(np.array([0.52, 0.75, 0.99])) == pytest.approx((1 + 6 + 10) / 30)
    assert ceiling_ap(np.array([0.4])) == 0
