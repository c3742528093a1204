import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.models.masks.boundary_branch import BoundaryBranch

K, R = 5, 3
LABELS = torch.tensor([4, 0, 2])


def _branch(num_boundaries: int) -> BoundaryBranch:
    torch.manual_seed(0)
    branch = BoundaryBranch(in_channels=6, channels=8, num_boundaries=num_boundaries)
    # The published start would hide what the predictor does.
    torch.nn.init.normal_(branch.predictor.weight)
    return branch


def _inputs(side: int, rois: int = R) -> tuple[Tensor, Tensor]:
    return torch.randn(rois, 6, 2 * side, 2 * side), torch.randn(rois, 8, side, side)


def _full(branch: BoundaryBranch, fine: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """As the paper draws it, with every category's boundary of every RoI."""
    weights = dict(branch.named_parameters())

    def layer(name: str, x: Tensor, **options: int) -> Tensor:
        return F.relu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], **options))

    boundary = layer("downsample", fine, stride=2, padding=1)
    boundary = boundary + layer("mask_to_boundary", features)
    boundary = layer("convolutions.0", boundary, padding=1)
    boundary = layer("convolutions.1", boundary, padding=1)
    fused = layer("fusion", features + layer("boundary_to_mask", boundary), padding=1)
    upsampled = F.relu(
        F.conv_transpose2d(
            boundary, weights["deconvolution.weight"], weights["deconvolution.bias"], stride=2
        )
    )
    logits = F.conv2d(upsampled, weights["predictor.weight"], weights["predictor.bias"])
    return logits, fused


@pytest.mark.parametrize("num_boundaries", [1, K])
def test_it_is_the_papers_branch_at_the_rois_own_category(num_boundaries: int) -> None:
    branch = _branch(num_boundaries)
    fine, features = _inputs(side=7)
    logits, fused = branch(fine, features, LABELS)
    every, expected = _full(branch, fine, features)
    own = every[torch.arange(R), LABELS if num_boundaries > 1 else 0]
    torch.testing.assert_close(logits, own)
    torch.testing.assert_close(fused, expected)
    parameters, direction = list(branch.parameters()), torch.randn_like(logits)
    torch.testing.assert_close(
        torch.autograd.grad((logits * direction).sum() + fused.sum(), parameters),
        torch.autograd.grad((own * direction).sum() + expected.sum(), parameters),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize("side", [5, 7, 14])
def test_boundaries_have_twice_the_side_of_the_features(side: int) -> None:
    logits, fused = _branch(K)(*_inputs(side), LABELS)
    assert logits.shape == (R, 2 * side, 2 * side)
    assert fused.shape == (R, 8, side, side)


def test_a_boundary_loss_alone_teaches_the_mask_features() -> None:
    fine, features = _inputs(side=5)
    logits, _ = _branch(1)(fine, features.requires_grad_(), LABELS)
    logits.sum().backward()
    assert features.grad is not None and features.grad.any()


def test_boundaries_reach_the_masks() -> None:
    fine, features = _inputs(side=5)
    _, fused = _branch(1)(fine.requires_grad_(), features, LABELS)
    fused.sum().backward()
    assert fine.grad is not None and fine.grad.any()


def test_it_starts_with_small_logits() -> None:
    torch.manual_seed(0)
    logits, _ = BoundaryBranch(6, 8, K)(*_inputs(side=7), LABELS)
    assert logits.abs().max() < 0.1


def test_logits_are_float32_under_autocast() -> None:
    branch, (fine, features) = _branch(K), _inputs(side=5)
    exact, _ = branch(fine, features, LABELS)
    with torch.autocast("cpu", torch.bfloat16):
        coarse, _ = branch(fine, features, LABELS)
    assert coarse.dtype == torch.float32
    assert (coarse - exact).norm() < 0.05 * exact.norm()


@pytest.mark.parametrize("num_boundaries", [1, K])
def test_no_rois_leave_every_layer_in_the_graph(num_boundaries: int) -> None:
    branch = _branch(num_boundaries)
    logits, fused = branch(*_inputs(side=14, rois=0), LABELS[:0])
    assert logits.shape == (0, 28, 28) and fused.shape == (0, 8, 14, 14)
    (logits.sum() + fused.sum()).backward()
    assert all(parameter.grad is not None for parameter in branch.parameters())
