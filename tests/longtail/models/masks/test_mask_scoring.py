import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.models.masks.mask_scoring import MaskIoUHead

K, R = 5, 3
LABELS = torch.tensor([4, 0, 2])


def _head(num_ious: int, pool_size: int = 6) -> MaskIoUHead:
    torch.manual_seed(0)
    return MaskIoUHead(4, pool_size, num_ious, channels=6, fc_channels=10)


def _inputs(side: int = 6, rois: int = R) -> tuple[Tensor, Tensor]:
    return torch.randn(rois, 4, side, side), 3 * torch.randn(rois, 2 * side, 2 * side)


def _all_ious(head: MaskIoUHead, pooled: Tensor, mask_logits: Tensor) -> Tensor:
    """The slow way: every category's number of every RoI."""
    quarters = mask_logits.sigmoid().unfold(1, 2, 2).unfold(2, 2, 2)
    hidden = torch.cat([pooled, quarters.amax(dim=(3, 4))[:, None]], dim=1)
    for convolution in head.convolutions:
        hidden = F.relu(convolution(hidden))
    ious: Tensor = head.predictor(F.relu(head.fc2(F.relu(head.fc1(hidden.flatten(1))))))
    return ious


@pytest.mark.parametrize("num_ious", [1, K])
def test_only_the_needed_row_gives_the_same_ious_and_gradients_as_all(num_ious: int) -> None:
    head = _head(num_ious)
    pooled, mask_logits = _inputs()
    fast = head(pooled, mask_logits, LABELS)
    slow = _all_ious(head, pooled, mask_logits)[torch.arange(R), LABELS if num_ious > 1 else 0]
    torch.testing.assert_close(fast, slow)
    parameters, direction = list(head.parameters()), torch.randn(R)
    torch.testing.assert_close(
        torch.autograd.grad((fast * direction).sum(), parameters),
        torch.autograd.grad((slow * direction).sum(), parameters),
    )


def test_it_has_the_published_size() -> None:
    head = MaskIoUHead(in_channels=256, pool_size=14, num_ious=80)
    shapes = {name: tuple(p.shape) for name, p in head.named_parameters() if "weight" in name}
    assert shapes == {
        "convolutions.0.weight": (256, 257, 3, 3),
        "convolutions.1.weight": (256, 256, 3, 3),
        "convolutions.2.weight": (256, 256, 3, 3),
        "convolutions.3.weight": (256, 256, 3, 3),
        "fc1.weight": (1024, 256 * 7 * 7),
        "fc2.weight": (1024, 1024),
        "predictor.weight": (80, 1024),
    }


@pytest.mark.parametrize("side", [5, 7, 14])
def test_any_pool_size_fits(side: int) -> None:
    assert _head(K, side)(*_inputs(side), LABELS).shape == (R,)


def test_gradients_reach_features_and_masks() -> None:
    pooled, mask_logits = (inputs.requires_grad_() for inputs in _inputs())
    _head(K)(pooled, mask_logits, LABELS).sum().backward()
    assert pooled.grad is not None and pooled.grad.any()
    assert mask_logits.grad is not None and mask_logits.grad.any()


def test_ious_are_float32_under_autocast() -> None:
    head, (pooled, mask_logits) = _head(K), _inputs()
    exact = head(pooled, mask_logits, LABELS)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = head(pooled, mask_logits, LABELS)
    assert coarse.dtype == torch.float32
    assert (coarse - exact).norm() < 0.05 * exact.norm()


@pytest.mark.parametrize("num_ious", [1, K])
def test_no_rois_leave_every_layer_in_the_graph(num_ious: int) -> None:
    head = _head(num_ious)
    ious = head(*_inputs(rois=0), LABELS[:0])
    assert ious.shape == (0,)
    ious.sum().backward()
    assert all(parameter.grad is not None for parameter in head.parameters())
