import pytest
import torch
from torchvision.models.resnet import Bottleneck

from longtail.models.box_heads.double_head import ConvolutionalBoxHead, enlarged


def _head(num_blocks: int = 2) -> ConvolutionalBoxHead:
    torch.manual_seed(0)
    return ConvolutionalBoxHead(in_channels=32, channels=128, num_blocks=num_blocks)


def test_it_has_the_published_layers() -> None:
    with torch.device("meta"):
        head = ConvolutionalBoxHead(in_channels=256)
    kernels = [tuple(p.shape) for p in head.parameters() if p.ndim == 4]
    bottleneck = [(256, 1024, 1, 1), (256, 256, 3, 3), (1024, 256, 1, 1)]
    assert kernels == [(256, 256, 3, 3), (1024, 256, 1, 1), (1024, 256, 1, 1), *(4 * bottleneck)]


def test_its_bottlenecks_are_those_of_a_resnet() -> None:
    head = _head(num_blocks=1)
    theirs = Bottleneck(128, 32, norm_layer=lambda width: torch.nn.GroupNorm(32, width))
    ours = head.bottlenecks[0]
    names = ["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"]
    layers = [layer for layer in ours.branch if not isinstance(layer, torch.nn.ReLU)]
    for name, layer in zip(names, layers, strict=True):
        getattr(theirs, name).load_state_dict(layer.state_dict())
    features = torch.randn(3, 128, 7, 7)
    torch.testing.assert_close(ours(features), theirs(features))


def test_it_averages_over_the_cells() -> None:
    head, pooled = _head(), torch.randn(3, 32, 7, 7)
    cells = head.bottlenecks(head.widening(pooled))
    assert cells.shape == (3, 128, 7, 7)
    torch.testing.assert_close(head(pooled), cells.flatten(2).mean(dim=2))


def test_a_roi_does_not_depend_on_the_others() -> None:
    head, pooled = _head().train(), torch.randn(3, 32, 7, 7)
    torch.testing.assert_close(head(pooled)[1:2], head(pooled[1:2]))


def test_it_runs_under_autocast() -> None:
    head, pooled = _head(), torch.randn(3, 32, 7, 7)
    exact = head(pooled)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = head(pooled)
    assert (coarse.float() - exact).norm() < 0.05 * exact.norm()


def test_no_rois_leave_every_layer_in_the_graph() -> None:
    head = _head()
    hidden = head(torch.zeros(0, 32, 7, 7))
    assert hidden.shape == (0, 128)
    hidden.sum().backward()
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_boxes_grow_about_their_centres() -> None:
    boxes = [torch.tensor([[100.0, 100.0, 200.0, 120.0]]), torch.tensor([[10.0, 20.0, 30.0, 40.0]])]
    grown = enlarged(boxes, 1.3, [(300, 400), (300, 400)])
    torch.testing.assert_close(grown[0], torch.tensor([[85.0, 97.0, 215.0, 123.0]]))
    torch.testing.assert_close(grown[1], torch.tensor([[7.0, 17.0, 33.0, 43.0]]))


def test_boxes_stay_in_their_own_image() -> None:
    box = torch.tensor([[0.0, 50.0, 100.0, 150.0]])
    grown = enlarged([box, box], 1.3, [(160, 110), (300, 400)])
    assert grown[0].tolist() == [[0.0, 35.0, 110.0, 160.0]]
    assert grown[1].tolist() == [[0.0, 35.0, 115.0, 165.0]]


@pytest.mark.parametrize("factor", [1.0, 1.3])
def test_an_image_without_boxes_has_none(factor: float) -> None:
    boxes = [torch.zeros(0, 4), torch.tensor([[1.0, 2.0, 3.0, 4.0]])]
    grown = enlarged(boxes, factor, [(10, 10), (10, 10)])
    assert [len(of_image) for of_image in grown] == [0, 1]


def test_factor_one_changes_nothing() -> None:
    box = torch.tensor([[1.5, 2.5, 3.25, 9.0]])
    assert torch.equal(enlarged([box], 1.0, [(10, 10)])[0], box)
