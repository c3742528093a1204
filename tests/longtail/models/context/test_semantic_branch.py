import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align

from longtail.models.context.semantic_branch import SemanticBranch, with_semantics
from longtail.models.pooling.pyramid import PyramidPooler

NAMES, STRIDES = ("p2", "p3", "p4", "p5", "p6"), (4, 8, 16, 32, 64)


def _pyramid(height: int, width: int, channels: int = 3) -> dict[str, Tensor]:
    return {
        name: torch.randn(2, channels, height // stride, width // stride)
        for name, stride in zip(NAMES, STRIDES, strict=True)
    }


def _branch() -> SemanticBranch:
    torch.manual_seed(0)
    return SemanticBranch(NAMES, "p3", in_channels=3, channels=4, num_categories=6)


def _one_channel(names: tuple[str, ...]) -> SemanticBranch:
    """Every layer passes on what it gets, so that the embedding is the sum of the levels."""
    branch = SemanticBranch(names, "p3", 1, channels=1, num_categories=1, num_convolutions=0)
    for layer in branch.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.ones_(layer.weight)
    return branch


def test_finer_levels_are_averaged_and_coarser_ones_stretched() -> None:
    features = {
        "p2": torch.tensor([[1.0, 3.0, 5.0, 5.0], [2.0, 2.0, 0.0, 2.0]]).view(1, 1, 2, 4),
        "p3": torch.tensor([[10.0, 20.0]]).view(1, 1, 1, 2),
        "p4": torch.tensor([[100.0]]).view(1, 1, 1, 1),
    }
    logits, embedding = _one_channel(("p2", "p3", "p4"))(features)
    assert embedding.flatten().tolist() == [112.0, 123.0]
    assert torch.equal(logits, embedding)


def test_a_ramp_stays_where_it_is() -> None:
    # A map that holds the position of each cell's centre: all levels agree away from the border.
    features = {
        name: (torch.arange(256 / stride) * stride + stride / 2).expand(1, 1, 256 // stride, -1)
        for name, stride in zip(NAMES, STRIDES, strict=True)
    }
    _, embedding = _one_channel(NAMES)(features)
    expected = 5 * features["p3"]
    torch.testing.assert_close(embedding[..., 4:-4], expected[..., 4:-4])


def test_outputs_have_the_size_of_the_fused_level_also_where_sizes_are_odd() -> None:
    features = _pyramid(256, 256)
    features["p3"] = torch.randn(2, 3, 25, 38)
    logits, embedding = _branch()(features)
    assert logits.shape == (2, 6, 25, 38) and embedding.shape == (2, 4, 25, 38)


def test_levels_without_a_name_are_not_used() -> None:
    branch = SemanticBranch(NAMES[:2], "p3", in_channels=3, channels=4, num_categories=6)
    features = _pyramid(64, 64)
    logits, _ = branch(features)
    assert torch.equal(branch({name: features[name] for name in NAMES[:2]})[0], logits)


def test_every_layer_learns() -> None:
    branch = _branch()
    logits, embedding = branch(_pyramid(128, 128))
    (logits.square().sum() + embedding.sum()).backward()
    assert all(p.grad is not None and p.grad.any() for p in branch.parameters())


def test_logits_are_float32_under_autocast() -> None:
    branch, features = _branch(), _pyramid(64, 64)
    exact, _ = branch(features)
    with torch.autocast("cpu", torch.bfloat16):
        coarse, _ = branch(features)
    assert coarse.dtype == torch.float32
    assert (coarse - exact).norm() < 0.05 * exact.norm()


@pytest.mark.parametrize("size", [7, 14])
def test_roi_features_are_those_of_the_embedding_pooled_to_14_and_averaged(size: int) -> None:
    torch.manual_seed(0)
    embedding, pooled = torch.randn(1, 4, 20, 20), torch.randn(2, 4, size, size)
    boxes = torch.tensor([[8.0, 16.0, 100.0, 90.0], [0.0, 0.0, 30.0, 150.0]])
    semantic = PyramidPooler(["semantic"], [8], size=14)({"semantic": embedding}, [boxes])
    at_14 = roi_align(embedding, [boxes], 14, 1 / 8, aligned=True)
    expected = pooled + F.avg_pool2d(at_14, 14 // size)
    torch.testing.assert_close(with_semantics(pooled, semantic), expected)


def test_no_rois_leave_the_embedding_in_the_graph() -> None:
    embedding = torch.zeros(1, 4, 20, 20, requires_grad=True)
    semantic = PyramidPooler(["semantic"], [8], 14)({"semantic": embedding}, [torch.zeros(0, 4)])
    joined = with_semantics(torch.zeros(0, 4, 7, 7), semantic)
    assert joined.shape == (0, 4, 7, 7)
    joined.sum().backward()
    assert embedding.grad is not None
