import pytest
import torch
from torchvision.ops import MultiScaleRoIAlign, roi_align

from longtail.models.pooling.pyramid import PyramidPooler, assign_levels

NAMES, STRIDES = ("p2", "p3", "p4", "p5"), (4, 8, 16, 32)


def _pyramid(side: int, images: int = 1, channels: int = 3) -> dict[str, torch.Tensor]:
    return {
        name: torch.randn(images, channels, side // stride, side // stride)
        for name, stride in zip(NAMES, STRIDES, strict=True)
    }


@pytest.mark.parametrize("stride", [1, 4])
def test_ramp_is_sampled_at_pixel_centres(stride: int) -> None:
    # Cell i holds the pixel index of its centre. The bins' centres 12 and 20 are pixels 11.5, 19.5.
    centres = stride * torch.arange(32 // stride) + (stride - 1) / 2
    feature = centres.float().expand(1, 1, len(centres), len(centres))
    pooler = PyramidPooler(["only"], [stride], size=2)
    pooled = pooler({"only": feature}, [torch.tensor([[8.0, 8.0, 24.0, 24.0]])])
    assert pooled[0, 0].tolist() == [[11.5, 19.5], [11.5, 19.5]]


def test_level_rises_with_the_square_root_of_the_area() -> None:
    sides = torch.tensor([1.0, 111.9, 112.0, 223.9, 224.0, 448.0, 5000.0])
    boxes = torch.stack([torch.zeros(7), torch.zeros(7), sides, sides], dim=1)
    assert assign_levels(boxes, 4, 32).tolist() == [0, 0, 1, 1, 2, 3, 3]
    thin = torch.tensor([[0.0, 0.0, 56.0, 896.0]])
    assert assign_levels(thin, 4, 32).tolist() == [2]


def test_rois_keep_their_order_over_images_and_levels() -> None:
    torch.manual_seed(0)
    features = _pyramid(512, images=2)
    large, small = [0.0, 0.0, 300.0, 300.0], [10.0, 10.0, 40.0, 40.0]
    boxes = [torch.tensor([large, small]), torch.tensor([small, large])]
    pooled = PyramidPooler(NAMES, STRIDES, size=7)(features, boxes)
    for row, image, box, level, stride in (
        (0, 0, large, "p4", 16),
        (1, 0, small, "p2", 4),
        (2, 1, small, "p2", 4),
        (3, 1, large, "p4", 16),
    ):
        alone = torch.tensor([box])
        feature = features[level][image : image + 1]
        expected = roi_align(feature, [alone], 7, 1 / stride, aligned=True)
        torch.testing.assert_close(pooled[row : row + 1], expected)


def test_torchvisions_pooler_is_half_a_pixel_off() -> None:
    feature = torch.arange(32.0).expand(1, 1, 32, 32)
    boxes = [torch.tensor([[8.0, 8.0, 24.0, 24.0]])]
    theirs = MultiScaleRoIAlign(["only"], 2, 2)({"only": feature}, boxes, [(32, 32)])
    assert theirs[0, 0, 0].tolist() == [12.0, 20.0]


def test_no_rois_give_no_rows_and_leave_every_level_in_the_graph() -> None:
    features = {name: value.requires_grad_() for name, value in _pyramid(64).items()}
    pooled = PyramidPooler(NAMES, STRIDES, size=7)(features, [torch.zeros(0, 4)])
    assert pooled.shape == (0, 3, 7, 7)
    pooled.sum().backward()
    assert all(level.grad is not None for level in features.values())
