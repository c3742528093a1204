"""Weights of anchors: numbers by hand, and what torchvision's network makes of them."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from longtail.data.loading.sample import Sample
from longtail.engines.anchor_weights import anchor_weights, weighted_losses
from longtail.engines.targets import roi_targets

SampleMaker = Callable[..., Sample]
EngineMaker = Callable[..., Any]
ANCHORS = torch.tensor(
    [[0.0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 10, 6], [40, 40, 50, 50], [40, 40, 50, 50]]
)
IGNORED = torch.tensor([[0.0, 0, 10, 10], [40, 40, 50, 50]])


def _targets(sample: Sample, **changes: Any) -> Any:
    return roi_targets(replace(sample, **changes), 6, torch.device("cpu"))


def test_background_on_an_ignore_box_takes_its_weight_and_that_of_the_image(
    make_sample: SampleMaker,
) -> None:
    # IoU 1, 0.5 (not over it), 0.6; then a foreground and a background anchor on the second box.
    labels = torch.tensor([0.0, 0, 0, 1, 0])
    targets = _targets(
        make_sample(),
        loss_weight=0.5,
        ignore_boxes=IGNORED,
        ignore_weights=torch.tensor([0.0, 0.4]),
        ignore_proposals=torch.tensor([True, True]),
    )
    (weights,) = anchor_weights([ANCHORS], [labels], [targets]) or ()
    torch.testing.assert_close(weights, torch.tensor([0, 0.5, 0, 0.5, 0.2]))


def test_ignore_boxes_that_leave_proposals_alone_change_no_anchor(make_sample: SampleMaker) -> None:
    given = {"ignore_boxes": IGNORED, "ignore_weights": torch.zeros(2)}
    labels = torch.zeros(5)
    assert anchor_weights([ANCHORS], [labels], [_targets(make_sample(), **given)]) is None
    only_second = _targets(make_sample(), **given, ignore_proposals=torch.tensor([False, True]))
    (weights,) = anchor_weights([ANCHORS], [labels], [only_second]) or ()
    assert weights.tolist() == [1, 1, 1, 0, 0]


def test_weighted_losses_by_hand() -> None:
    logits, labels = torch.tensor([0.0, 0.0, math.log(3)]), torch.tensor([1.0, 0, 0])
    deltas = torch.tensor([[1.0, 0, 0, 0], [9.0, 9, 9, 9], [9.0, 9, 9, 9]])
    weights = torch.tensor([0.5, 1.0, 0.25])
    objectness, boxes = weighted_losses(logits, deltas, labels, torch.zeros(3, 4), weights, 3)
    # BCE: ln 2, ln 2, ln 4 = 2 ln 2; (0.5 + 1 + 0.5) ln 2 / 3. Smooth L1 of 1 at beta 1/9: 17/18.
    assert float(objectness) == pytest.approx(2 * math.log(2) / 3, rel=1e-6)
    assert float(boxes) == pytest.approx(0.5 * 17 / 18 / 3, rel=1e-6)


def test_images_that_count_nothing_have_losses_of_zero_tied_to_the_graph(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    engine = make_engine()
    losses = engine([make_sample(0, loss_weight=0.0), make_sample(1, loss_weight=0.0)])
    torch.stack(list(losses.values())).sum().backward()
    assert [loss.item() for loss in losses.values()] == [0.0] * len(losses)
    gradients = [parameter.grad for parameter in engine.parameters()]
    assert all(gradient is not None and not gradient.any() for gradient in gradients)


def test_equal_weights_scale_the_losses_that_have_none(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    engine = make_engine()
    found = []
    for weight in (1.0, 0.25):
        torch.manual_seed(3)
        found.append(engine([make_sample(n, loss_weight=weight) for n in (0, 1)]))
    plain, quarter = found
    for name, loss in plain.items():
        torch.testing.assert_close(quarter[name], loss / 4, rtol=1e-5, atol=0)
