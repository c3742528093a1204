import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from longtail.models.masks.mask_head import MaskHead
from longtail.models.sync_batch_norm import SyncBatchNorm

K = 7
LABELS = torch.tensor([3, 0, 6, 3])


def _all_logits(head: MaskHead, pooled: Tensor) -> Tensor:
    """The slow way: every category's mask of every RoI."""
    hidden = pooled
    for convolution in head.convolutions:
        hidden = F.relu(convolution(hidden))
    logits: Tensor = head.predictor(F.relu(head.deconvolution(hidden)))
    return logits


def test_only_the_needed_filter_gives_the_same_logits_and_gradients_as_all() -> None:
    torch.manual_seed(0)
    head = MaskHead(in_channels=6, channels=8, num_convolutions=2, num_masks=K)
    assert head.predictor.bias is not None
    torch.nn.init.normal_(head.predictor.bias)
    pooled = torch.randn(4, 6, 5, 5)
    fast = head(pooled, LABELS)
    slow = _all_logits(head, pooled)[torch.arange(4), LABELS]
    torch.testing.assert_close(fast, slow)
    target = torch.randn_like(fast)
    parameters = list(head.parameters())
    torch.testing.assert_close(
        torch.autograd.grad((fast * target).sum(), parameters),
        torch.autograd.grad((slow * target).sum(), parameters),
    )


def test_agnostic_head_gives_the_same_mask_whatever_the_label() -> None:
    torch.manual_seed(0)
    head = MaskHead(in_channels=6, channels=8, num_convolutions=1, num_masks=1)
    pooled = torch.randn(4, 6, 5, 5)
    torch.testing.assert_close(head(pooled, LABELS), _all_logits(head, pooled)[:, 0])


@pytest.mark.parametrize("num_masks", [1, K])
def test_grid_is_twice_the_pooled_side(num_masks: int) -> None:
    head = MaskHead(in_channels=6, channels=8, num_convolutions=4, num_masks=num_masks)
    assert head(torch.zeros(4, 6, 14, 14), LABELS).shape == (4, 28, 28)


@pytest.mark.parametrize("num_masks", [1, K])
def test_no_rois_leave_every_layer_in_the_graph(num_masks: int) -> None:
    head = MaskHead(in_channels=6, channels=8, num_convolutions=2, num_masks=num_masks)
    logits = head(torch.zeros(0, 6, 14, 14), LABELS[:0])
    assert logits.shape == (0, 28, 28)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in head.parameters())


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, SyncBatchNorm])
def test_norms_follow_every_convolution_and_take_the_place_of_biases(norm: type[nn.Module]) -> None:
    torch.manual_seed(0)
    head = MaskHead(6, 8, num_convolutions=2, num_masks=K, norm_layer=norm)
    pooled = torch.randn(4, 6, 5, 5) + 3
    expected = pooled
    for convolution in head.convolutions:
        assert isinstance(convolution, nn.Conv2d) and convolution.bias is None
        expected = F.relu(F.batch_norm(convolution(expected), None, None, training=True))
    torch.testing.assert_close(head.features(pooled), expected)
    names = {name for name in head.state_dict() if name.startswith("norms.1.")}
    assert names == {f"norms.1.{name}" for name in nn.BatchNorm2d(8).state_dict()}


def test_norms_of_no_roi_stay_as_they_are_and_in_the_graph() -> None:
    head = MaskHead(6, 8, num_convolutions=1, num_masks=K, norm_layer=nn.BatchNorm2d)
    before = {name: value.clone() for name, value in head.state_dict().items()}
    head(torch.zeros(0, 6, 5, 5), LABELS[:0]).sum().backward()
    assert all(p.grad is not None and not p.grad.any() for p in head.parameters())
    after = head.state_dict()
    assert all(torch.equal(after[n], v) for n, v in before.items() if "num_batches" not in n)
