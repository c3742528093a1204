import pytest
import torch
from support.models.largest_tensor import LargestTensor
from torch import Tensor
from torchvision.ops import roi_align

from longtail.models.pooling import deformable as deformable_pooling
from longtail.models.pooling.deformable import DeformablePooler
from longtail.models.pooling.pyramid import PyramidPooler

NAMES, STRIDES = ("p2", "p3", "p4", "p5"), (4, 8, 16, 32)
C = 3
LARGE, SMALL = [20.0, 30.0, 330.0, 300.0], [10.0, 10.0, 45.0, 38.0]
OUTSIDE, WHOLE = [-60.0, 480.0, 90.0, 560.0], [0.0, 0.0, 512.0, 512.0]


def _pyramid(images: int = 1, side: int = 512) -> dict[str, Tensor]:
    return {
        name: torch.randn(images, C, side // stride, side // stride)
        for name, stride in zip(NAMES, STRIDES, strict=True)
    }


def _pooler(size: int = 5, names: tuple[str, ...] = NAMES) -> DeformablePooler:
    torch.manual_seed(0)
    return DeformablePooler(names, STRIDES[: len(names)], size, channels=C, hidden=8)


def _with_offsets(pooler: DeformablePooler, x: Tensor, y: Tensor) -> DeformablePooler:
    """Whatever the RoI, bins have these (k, k) offsets."""
    pooler.offsets.bias.data = torch.stack([x, y]).flatten()
    return pooler


def _aligned(features: Tensor, box: list[float], size: int, stride: int) -> Tensor:
    boxes = [torch.tensor([box])]
    pooled: Tensor = roi_align(features, boxes, size, 1 / stride, sampling_ratio=2, aligned=True)
    return pooled


def test_it_starts_as_roi_align_with_two_by_two_samples() -> None:
    pooler, features = _pooler(), _pyramid(images=2)
    boxes = [torch.tensor([LARGE, SMALL, OUTSIDE]), torch.tensor([SMALL, WHOLE, LARGE])]
    pooled = pooler(features, boxes)
    for row, image, box, level, stride in (
        (0, 0, LARGE, "p4", 16),
        (1, 0, SMALL, "p2", 4),
        (2, 0, OUTSIDE, "p2", 4),
        (3, 1, SMALL, "p2", 4),
        (4, 1, WHOLE, "p5", 32),
        (5, 1, LARGE, "p4", 16),
    ):
        expected = _aligned(features[level][image : image + 1], box, 5, stride)
        torch.testing.assert_close(pooled[row : row + 1], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("corner", [[-5.0, -5.0], [507.0, 507.0], [-5.0, 507.0]])
def test_samples_beyond_the_border_are_those_of_roi_align(corner: list[float]) -> None:
    # A sample every pixel, from 5 pixels outside to 5 inside; RoIAlign's rule changes at 2.
    features, box = _pyramid(), [*corner, corner[0] + 10, corner[1] + 10]
    expected = _aligned(features["p2"], box, 5, 4)
    pooled = _pooler()(features, [torch.tensor([box])])
    torch.testing.assert_close(pooled, expected, rtol=1e-4, atol=1e-4)


def test_it_agrees_with_the_pyramid_pooler_where_that_takes_two_by_two_samples() -> None:
    # Bins of 8 x 8 pixels are 2 x 2 cells of stride 4.
    features, boxes = _pyramid(), [torch.tensor([[16.0, 24.0, 56.0, 64.0]])]
    plain = PyramidPooler(NAMES, STRIDES, size=5)(features, boxes)
    torch.testing.assert_close(_pooler()(features, boxes), plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("box", [LARGE, OUTSIDE])
def test_an_offset_of_one_half_moves_the_roi_by_a_twentieth(box: list[float]) -> None:
    half, none = torch.full((5, 5), 0.5), torch.zeros(5, 5)
    features = _pyramid()
    width, height = box[2] - box[0], box[3] - box[1]
    for x, y in ((half, none), (none, half), (-half, half)):
        pooled = _with_offsets(_pooler(), x, y)(features, [torch.tensor([box])])
        dx, dy = 0.1 * x[0, 0].item() * width, 0.1 * y[0, 0].item() * height
        moved = [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy]
        level, stride = ("p4", 16) if box is LARGE else ("p2", 4)
        expected = _aligned(features[level], moved, 5, stride)
        torch.testing.assert_close(pooled, expected, rtol=1e-4, atol=1e-4)


def test_every_bin_moves_by_its_own_offset() -> None:
    pooler = _pooler(size=3)
    x, y = torch.randn(2, 3, 3).unbind()
    features = _pyramid()
    pooled = _with_offsets(pooler, x, y)(features, [torch.tensor([LARGE])])
    for i in range(3):
        for j in range(3):
            dx, dy = 31.0 * x[i, j].item(), 27.0 * y[i, j].item()
            moved = [LARGE[0] + dx, LARGE[1] + dy, LARGE[2] + dx, LARGE[3] + dy]
            expected = _aligned(features["p4"], moved, 3, 16)[..., i, j]
            torch.testing.assert_close(pooled[..., i, j], expected, rtol=1e-4, atol=1e-4)


def test_features_get_the_gradient_of_roi_align() -> None:
    features = {name: level.requires_grad_() for name, level in _pyramid().items()}
    direction = torch.randn(1, C, 5, 5)
    pooled = _pooler()(features, [torch.tensor([LARGE])])
    expected = _aligned(features["p4"], LARGE, 5, 16)
    torch.testing.assert_close(
        torch.autograd.grad((pooled * direction).sum(), features["p4"]),
        torch.autograd.grad((expected * direction).sum(), features["p4"]),
        rtol=1e-4,
        atol=1e-4,
    )


def test_offsets_on_a_ramp_get_its_slope() -> None:
    # Three channels of 2 x - 5 y in pixels; an offset of 1 moves bins by 4 and 6 pixels.
    pooler, centres = _pooler(size=3, names=("p2",)), 4.0 * torch.arange(32) + 2
    ramp = 2 * centres[None, :] - 5 * centres[:, None]
    box = torch.tensor([[40.0, 30.0, 80.0, 90.0]])
    pooler({"p2": ramp.expand(1, C, 32, 32)}, [box]).sum().backward()
    expected = torch.tensor([C * 2 * 4.0] * 9 + [C * -5 * 6.0] * 9)
    torch.testing.assert_close(pooler.offsets.bias.grad, expected)


def test_offsets_learn_from_the_start() -> None:
    pooler = _pooler()
    pooler(_pyramid(), [torch.tensor([LARGE, SMALL])]).square().sum().backward()
    grad = pooler.offsets.weight.grad
    assert grad is not None and grad.isfinite().all() and grad.any()


def test_many_rois_are_pooled_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pooler, features = _pooler(), _pyramid(images=2)
    torch.nn.init.normal_(pooler.offsets.weight, std=0.1)
    low = 200 * torch.rand(2, 9, 2)
    boxes = list(torch.cat([low, low + 10 + 300 * torch.rand(2, 9, 2)], dim=2))
    at_once = pooler(features, boxes)
    monkeypatch.setattr(deformable_pooling, "ROIS_AT_ONCE", 2)
    torch.testing.assert_close(pooler(features, boxes), at_once)


def test_memory_does_not_hold_the_samples_of_all_rois(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deformable_pooling, "ROIS_AT_ONCE", 3)
    pooler, features = _pooler(), {n: m.requires_grad_() for n, m in _pyramid(side=64).items()}
    num_rois, saved = 40, []

    def keep(tensor: Tensor) -> Tensor:
        saved.append(tensor.numel())
        return tensor

    boxes = torch.tensor([SMALL]).expand(num_rois, 4)
    with LargestTensor() as largest, torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        pooler(features, [boxes]).sum().backward()
    samples_at_once, pooled = 3 * C * 10 * 10, num_rois * C * 5 * 5
    assert samples_at_once < largest.elements <= pooled
    assert saved and samples_at_once not in saved


def test_a_roi_does_not_depend_on_the_others() -> None:
    pooler, features = _pooler(), _pyramid(images=2)
    torch.nn.init.normal_(pooler.offsets.weight, std=0.1)
    together = pooler(features, [torch.tensor([SMALL, LARGE]), torch.tensor([WHOLE])])
    second = {name: level[1:] for name, level in features.items()}
    torch.testing.assert_close(together[2:], pooler(second, [torch.tensor([WHOLE])]))


@pytest.mark.parametrize(
    "boxes", [[[], []], [[], [SMALL]], [[LARGE], []]], ids=["none", "second", "first"]
)
def test_levels_and_images_without_rois_stay_in_the_graph(boxes: list[list[list[float]]]) -> None:
    pooler = _pooler()
    features = {name: level.requires_grad_() for name, level in _pyramid(images=2).items()}
    given = [torch.tensor(of_image).view(-1, 4) for of_image in boxes]
    pooled = pooler(features, given)
    assert pooled.shape == (sum(map(len, boxes)), C, 5, 5)
    pooled.sum().backward()
    leaves = [*features.values(), *pooler.parameters()]
    assert all(leaf.grad is not None and leaf.grad.isfinite().all() for leaf in leaves)


def test_it_pools_in_float32_under_autocast() -> None:
    pooler, features = _pooler(), _pyramid()
    boxes = [torch.tensor([LARGE, SMALL])]
    exact = pooler(features, boxes)
    with torch.autocast("cpu", torch.bfloat16):
        again = pooler(features, boxes)
        rough = pooler({name: level.bfloat16() for name, level in features.items()}, boxes)
    assert again.dtype == rough.dtype == torch.float32
    # The offsets are zero in any precision.
    torch.testing.assert_close(again, exact)
    assert (rough - exact).norm() < 0.05 * exact.norm()
