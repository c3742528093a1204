"""Both branches over a batch: their labels, their losses and the features that they join."""

import math
from collections.abc import Callable

import pytest
import torch
from support.models.every_head import DETECTOR, WIDTH
from support.statistics_of import statistics_of
from torch import Tensor, nn

from longtail.config.classifiers import Softmax
from longtail.config.roi_stages import GlobalContext, HybridTaskCascade, SemanticBranch
from longtail.config.variant import Inference
from longtail.models.context.build import build_context
from longtail.models.context.context import Context, ImageContext, SemanticMap, cell_labels
from longtail.models.pooling.pyramid import PyramidPooler
from longtail.models.roi_heads.build import build_roi_heads
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.roi_heads.targets import RoITargets

K, S, SIDE = 5, 4, 64
TargetsMaker = Callable[..., RoITargets]
SEMANTIC = SemanticBranch(num_categories=S, convolutions=1)
BOTH = HybridTaskCascade(semantic=SEMANTIC, global_context=GlobalContext(convolutions=1))


def _features(images: int = 2) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        name: torch.randn(images, WIDTH, SIDE // stride, SIDE // stride, generator=generator)
        for name, stride in (("p2", 4), ("p3", 8), ("p4", 16), ("p5", 32), ("p6", 64))
    }


def _context(stages: HybridTaskCascade = BOTH) -> Context:
    torch.manual_seed(0)
    context = build_context(DETECTOR.replace(roi_stages=stages), K)
    assert context is not None
    return context


def _heads(stages: HybridTaskCascade = BOTH) -> RoIHeads:
    torch.manual_seed(0)
    detector = DETECTOR.replace(roi_stages=stages)
    inference = Inference(score_threshold=0.0, detections_per_image=5)
    return build_roi_heads(detector, Softmax(), inference, statistics_of(K, 3))


def test_a_cell_has_the_class_below_and_right_of_its_centre() -> None:
    classes = torch.arange(48, dtype=torch.uint8).view(6, 8)
    # Centres of cells of 4 x 4 pixels: rows and columns 2 and 6.
    assert cell_labels([classes], (2, 2), stride=4).tolist() == [[[18, 22], [255, 255]]]


def test_images_of_other_sizes_are_padded_without_label() -> None:
    maps = [torch.full((8, 8), 3, dtype=torch.uint8), torch.full((4, 12), 1, dtype=torch.uint8)]
    labels = cell_labels([*maps, None], (2, 3), stride=4)
    assert labels.dtype == torch.int64
    assert labels.tolist() == [
        [[3, 3, 255], [3, 3, 255]],
        [[1, 1, 1], [255, 255, 255]],
        [[255] * 3] * 2,
    ]


def test_losses_by_hand(make_targets: TargetsMaker) -> None:
    # Two labelled cells of classes 0 and 1 among others: e^0 and e^ln3 of 1 + 3 + 1 + 1.
    logits = torch.zeros(1, S, 1, 3)
    logits[0, 1] = math.log(3)
    classes = torch.tensor([[0, 1, 255]], dtype=torch.uint8).repeat_interleave(2, 1)[[0, 0]]
    semantic = SemanticMap(logits, torch.zeros(1, WIDTH, 1, 3), stride=2, joins=("box",))
    targets = [make_targets([[0.0, 0, 2, 2]], [2], semantic=classes)]
    assert semantic.loss(targets).item() == pytest.approx((math.log(6) + math.log(2)) / 2)
    # Categories 0 (verified absent) and 2 (present) are known; the others teach nothing.
    image = ImageContext(torch.tensor([[math.log(3), 9, 0, 9, 9]]), torch.zeros(1, WIDTH))
    assert image.loss(targets).item() == pytest.approx((math.log(4) + math.log(2)) / 2)


def test_without_labels_both_losses_are_zero_and_in_the_graph(make_targets: TargetsMaker) -> None:
    context = _context()
    unknown = torch.zeros(1, K, dtype=torch.bool)
    losses = context(_features()).losses([make_targets([], [], verified=unknown)] * 2)
    assert {name: loss.item() for name, loss in losses.items()} == {
        "semantic": 0,
        "image_labels": 0,
    }
    torch.stack(list(losses.values())).sum().backward()
    learning = {name for name, p in context.named_parameters() if p.grad is not None}
    alone = {name for name, _ in context.named_parameters()} - learning
    # The embedding is tied by the RoI features that it joins.
    assert alone == {"semantic.embedding.weight", "semantic.embedding.bias"}


def test_a_pooler_adds_both_and_keeps_the_levels_it_is_told() -> None:
    features, boxes = _features(), [torch.tensor([[1.0, 2, 40, 50]]), torch.zeros(0, 4)]
    levels = torch.tensor([1])
    pooler = PyramidPooler(("p2", "p3"), (4, 8), 7)
    seen = _context()(features)
    assert seen.semantic is not None and seen.image is not None
    with_both = seen.joining(pooler, "box")
    alone = PyramidPooler(["semantic"], [8], 14)({"semantic": seen.semantic.embedding}, boxes)
    expected = pooler(features, boxes, levels) + nn.functional.avg_pool2d(alone, 2)
    expected = expected + seen.image.vectors[:1, :, None, None]
    torch.testing.assert_close(with_both(features, boxes, levels), expected)
    assert with_both.names == pooler.names
    assert torch.equal(with_both.levels(boxes[0]), pooler.levels(boxes[0]))


@pytest.mark.parametrize("joins", [("box",), ("mask",)])
def test_the_embedding_joins_only_the_heads_it_is_told(joins: tuple[str, ...]) -> None:
    stages = HybridTaskCascade(semantic=SEMANTIC.replace(joins=joins))
    features, boxes = _features(), [torch.tensor([[1.0, 2, 40, 50]])] * 2
    pooler = PyramidPooler(("p2",), (4,), 7)
    seen = _context(stages)(features)
    for head in ("box", "mask"):
        same = torch.equal(seen.joining(pooler, head)(features, boxes), pooler(features, boxes))
        assert same == (head not in joins)


def test_context_without_effect_leaves_a_plain_cascade(make_targets: TargetsMaker) -> None:
    plain, heads = _heads(HybridTaskCascade()), _heads()
    own = heads.state_dict()
    assert {name for name in own if name not in plain.state_dict()} == {
        name for name in own if name.startswith("context.")
    }
    assert all(torch.equal(own[name], value) for name, value in plain.state_dict().items())
    assert heads.context is not None and heads.context.semantic is not None
    assert heads.context.global_context is not None
    with torch.no_grad():
        for parameter in (
            *heads.context.semantic.embedding.parameters(),
            *heads.context.global_context.convolutions.parameters(),
        ):
            parameter.zero_()
    proposals = [torch.tensor([[1.0, 2, 30, 33], [30, 30, 60, 62]])] * 2
    targets = [make_targets([[0.0, 0, 30, 30]], [1])] * 2

    def losses(of: RoIHeads) -> dict[str, Tensor]:
        torch.manual_seed(3)
        return of(_features(), proposals, [(SIDE, SIDE)] * 2, targets)[1]

    expected, found = losses(plain), losses(heads)
    assert set(found) - set(expected) == {"semantic", "image_labels"}
    assert all(torch.equal(found[name], loss) for name, loss in expected.items())


@pytest.mark.parametrize("training", [True, False])
def test_the_branches_run_once_for_all_stages(training: bool, make_targets: TargetsMaker) -> None:
    heads = _heads().train(training)
    assert heads.context is not None
    calls: list[str] = []
    heads.context.register_forward_hook(lambda *_: calls.append("context"))
    targets = [make_targets([[0.0, 0, 30, 30]], [1])] * 2 if training else None
    proposals = [torch.tensor([[1.0, 2, 30, 33]])] * 2
    heads(_features(), proposals, [(SIDE, SIDE)] * 2, targets)
    assert calls == ["context"]


def test_what_is_around_changes_boxes_and_masks_of_inference() -> None:
    heads = _heads().eval()
    assert heads.context is not None and heads.context.global_context is not None
    features, proposals = _features(), [torch.tensor([[1.0, 2, 30, 33], [0, 0, 64, 64]])] * 2
    boxes, labels = [torch.tensor([[1.0, 2, 30, 33]])] * 2, [torch.tensor([1])] * 2

    def found() -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            detected, _ = heads(features, proposals, [(SIDE, SIDE)] * 2)
            masks = heads.masks_for(features, boxes, labels)
        return detected[0].found.scores, masks[0].probabilities

    before = found()
    with torch.no_grad():
        for convolution in heads.context.global_context.convolutions:
            convolution.bias.fill_(5.0)
    for old, new in zip(before, found(), strict=True):
        assert not torch.equal(old, new)


def test_its_weights_are_the_box_heads() -> None:
    heads = _heads()
    assert heads.context is not None
    own = {id(p) for p in heads.context.parameters()}
    assert own <= {id(p) for p in heads.parts()["box_head"].parameters()}
