import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from longtail.models.detections.paste import MaskCrop, paste_masks

SIZE = (60, 80)


def _full_frame(crop: MaskCrop) -> NDArray[np.bool_]:
    frame = np.zeros(SIZE, bool)
    height, width = crop.pixels.shape
    frame[crop.y0 : crop.y0 + height, crop.x0 : crop.x0 + width] = crop.pixels
    return frame


def _slow_paste(grid: Tensor, box: Tensor, threshold: float) -> NDArray[np.bool_]:
    """The definition: every pixel centre of the frame, in the box's own coordinates."""
    x0, y0, x1, y1 = box.tolist()
    x = (torch.arange(SIZE[1], dtype=torch.float64) + 0.5 - x0) / (x1 - x0) * 2 - 1
    y = (torch.arange(SIZE[0], dtype=torch.float64) + 0.5 - y0) / (y1 - y0) * 2 - 1
    points = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    sampled = F.grid_sample(grid[None, None].double(), points[None], align_corners=False)
    frame: NDArray[np.bool_] = (sampled[0, 0] >= threshold).numpy()
    return frame


def _random_boxes(count: int) -> Tensor:
    low = torch.rand(count, 2) * torch.tensor([70.0, 50.0])
    high = low + 0.3 + torch.rand(count, 2) ** 2 * 60
    return torch.cat([low, torch.minimum(high, torch.tensor([80.0, 60.0]))], dim=1)


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_crops_equal_a_full_frame_resampling(threshold: float) -> None:
    torch.manual_seed(0)
    grids, boxes = torch.rand(100, 28, 28), _random_boxes(100)
    crops = paste_masks(grids, boxes, SIZE, threshold)
    assert sum(crop.pixels.sum() for crop in crops) > 1000
    for crop, grid, box in zip(crops, grids, boxes, strict=True):
        np.testing.assert_array_equal(_full_frame(crop), _slow_paste(grid, box, threshold))


def test_at_a_low_threshold_the_box_cuts_the_mask() -> None:
    torch.manual_seed(0)
    grids, boxes = torch.ones(20, 4, 4), _random_boxes(20)
    for crop, grid, box in zip(paste_masks(grids, boxes, SIZE, 0.1), grids, boxes, strict=True):
        x0, y0, x1, y1 = box.tolist()
        outset = np.zeros(SIZE, bool)
        rows, columns = slice(int(y0), int(np.ceil(y1))), slice(int(x0), int(np.ceil(x1)))
        outset[rows, columns] = True
        expected = _slow_paste(grid, box, 0.1) & outset
        np.testing.assert_array_equal(_full_frame(crop), expected)


def test_a_box_on_the_pixel_grid_takes_the_mask_unchanged() -> None:
    torch.manual_seed(0)
    grid = torch.rand(1, 28, 28)
    crop = paste_masks(grid, torch.tensor([[5.0, 7.0, 33.0, 35.0]]), SIZE, 0.5)[0]
    assert (crop.x0, crop.y0) == (5, 7)
    np.testing.assert_array_equal(crop.pixels, grid[0].numpy() >= 0.5)


def test_full_mask_fills_every_pixel_whose_centre_is_in_the_box() -> None:
    crop = paste_masks(torch.ones(1, 28, 28), torch.tensor([[2.6, 0.0, 5.4, 1.0]]), SIZE, 0.5)[0]
    assert (crop.x0, crop.y0) == (2, 0)
    assert crop.pixels.tolist() == [[False, True, True, False]]


def test_no_detections_give_no_crops() -> None:
    assert paste_masks(torch.zeros(0, 28, 28), torch.zeros(0, 4), SIZE, 0.5) == []
