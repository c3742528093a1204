"""detectron2's proposals against torchvision's; the constants of the module's docstring."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.models.detection.image_list import ImageList

from longtail.config.detector import Detector, Proposals
from longtail.data.loading.sample import Sample
from longtail.engines.anchors import PyramidAnchors, level_sizes
from longtail.models.necks.feature_pyramid import FeaturePyramid

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage

EngineMaker = Callable[..., Any]
SampleMaker = Callable[..., Sample]


def _twins(make_engine: EngineMaker, detector: Detector) -> tuple[Any, Any]:
    first = make_engine(detector, engine="torchvision")
    with torch.no_grad():
        for parameter in first.rpn.head.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    second = make_engine(detector, engine="detectron2")
    second.load_state_dict(first.state_dict(), strict=True)
    return first, second


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160), (320, 32)])
def test_anchors_of_both_engines_are_the_same_bits(
    make_engine: EngineMaker, height: int, width: int
) -> None:
    engine = make_engine(engine="detectron2")
    levels = [torch.zeros(1, 1, -(-height // s), -(-width // s)) for s in (4, 8, 16, 32, 64)]
    neck = FeaturePyramid.levels
    sizes = level_sizes(Proposals(anchor_sizes=(8, 16, 32, 64, 128)), neck)
    ours = PyramidAnchors(sizes, (0.5, 1.0, 2.0), neck.strides)
    (expected,) = ours(ImageList(torch.zeros(1), [(height, width)]), levels)
    theirs = engine.model.proposal_generator.anchor_generator(levels)
    assert torch.equal(torch.cat([anchors.tensor for anchors in theirs]), expected)


def _propose(
    engines: tuple[Any, Any], samples: Sequence[Sample], training: bool
) -> list[tuple[list[Tensor], dict[str, Tensor]]]:
    """The proposals and losses of both networks on the same features, torchvision's first."""
    first, second = (engine.eval() for engine in engines)
    images = [sample.image for sample in samples]
    with torch.no_grad():
        batch, features = first._features(images)
        other_batch, other_features = second._features(images)
    torch.testing.assert_close(other_features, features, rtol=0, atol=0)
    networks = first.rpn.train(training), second.model.proposal_generator.train(training)
    boxes = [{"boxes": sample.boxes} for sample in samples]
    instances = [Instances(s.image.size, gt_boxes=Boxes(s.boxes)) for s in samples]
    torch.manual_seed(7)
    proposals, losses = networks[0](batch, features, boxes)
    torch.manual_seed(7)
    with EventStorage():
        others, other_losses = networks[1](other_batch, features, instances)
    return [
        (proposals, losses),
        ([of_image.proposal_boxes.tensor for of_image in others], other_losses),
    ]


@pytest.mark.parametrize("training", [False, True])
def test_proposals_of_both_engines_are_equal(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector, training: bool
) -> None:
    samples = [make_sample(0), make_sample(1, height=50, width=90, instances=0)]
    (expected, _), (found, _) = _propose(_twins(make_engine, detector), samples, training)
    assert all(len(boxes) == (100 if training else 50) for boxes in expected)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_proposal_losses_of_both_engines_are_equal(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    samples = [make_sample(0), make_sample(1, height=50, width=90, instances=0)]
    (_, expected), (_, found) = _propose(_twins(make_engine, detector), samples, training=True)
    torch.testing.assert_close(found["loss_rpn_cls"], expected["loss_objectness"])
    torch.testing.assert_close(found["loss_rpn_loc"], expected["loss_rpn_box_reg"])


def test_an_image_with_too_few_anchors_counts_less_in_detectron2(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    # 64 x 64 pixels have (256 + 64 + 16 + 4 + 1) * 3 = 1023 anchors; without instances all of
    # them are background.
    greedy = detector.replace(proposals=detector.proposals.replace(anchors_per_image=2000))
    samples = [make_sample(0, instances=0)]
    (_, expected), (_, found) = _propose(_twins(make_engine, greedy), samples, training=True)
    torch.testing.assert_close(found["loss_rpn_cls"], expected["loss_objectness"] * 1023 / 2000)
