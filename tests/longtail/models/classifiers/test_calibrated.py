import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from longtail.config import classifiers as config
from longtail.models.box_heads.two_layer import TwoLayerBoxHead
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import ClassificationTargets, ClassifierOnPooled, classify
from longtail.models.classifiers.build import build_classifier
from longtail.models.classifiers.calibrated import CalibratedClassifier
from longtail.models.classifiers.softmax import SoftmaxClassifier

K, C = 5, 8
POOLED = (3, 2)
STATISTICS = CategoryStatistics(
    image_count=torch.tensor([3000, 300, 40, 6, 2]),
    instance_count=torch.tensor([5000, 400, 50, 7, 3]),
    frequency_group=torch.tensor([2, 2, 1, 0, 0]),
    num_images=4000,
)
TARGETS = ClassificationTargets(
    labels=torch.tensor([0, 3, K]),
    verified=torch.ones(3, K).bool(),
    weights=torch.tensor([1.0, 0.5, 1.0]),
)

both_heads = pytest.mark.parametrize("head", ["3fc_ft", "2fc_rand"])


def _build(settings: config.Calibrated | None = None) -> CalibratedClassifier:
    torch.manual_seed(0)
    built = build_classifier(settings or config.Calibrated(), C, STATISTICS, POOLED)
    assert isinstance(built, CalibratedClassifier)
    return built


def _inputs(rois: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(rois, C), torch.randn(rois, 3, 2, 2)


def test_each_head_has_its_layers() -> None:
    for head, layers in (("3fc_ft", 3), ("2fc_rand", 2)):
        new = _build(config.Calibrated(head=head)).new
        shapes = [tuple(m.weight.shape) for m in new.modules() if isinstance(m, nn.Linear)]
        assert shapes == [(C, 12), (C, C), (K + 1, C)] if layers == 3 else [(C, 12), (K + 1, C)]


def test_the_head_that_is_copied_computes_what_box_head_and_classifier_did() -> None:
    box_head, classifier = TwoLayerBoxHead(3, 2, C), SoftmaxClassifier(C, K)
    new = _build().new
    new.hidden.load_state_dict(box_head.state_dict())
    new.linear.load_state_dict(classifier.linear.state_dict())
    _, pooled = _inputs()
    assert torch.equal(new(pooled), classifier(box_head(pooled)))


def test_the_random_head_has_one_hidden_layer_with_a_relu() -> None:
    new = _build(config.Calibrated(head="2fc_rand")).new
    weights = new.state_dict()
    _, pooled = _inputs()
    hidden = F.relu(pooled.flatten(1) @ weights["hidden.fc1.weight"].T)
    torch.testing.assert_close(new(pooled), hidden @ weights["linear.weight"].T)


@both_heads
def test_logits_stand_side_by_side_and_the_new_ones_have_the_loss(head: str) -> None:
    built = _build(config.Calibrated(head=head))
    features, pooled = _inputs()
    logits = classify(built, features, pooled)
    assert isinstance(built, ClassifierOnPooled)
    new = built.new(pooled)
    assert torch.equal(logits, torch.cat([built.original(features), new], dim=1))
    each = F.cross_entropy(new, TARGETS.labels, reduction="none")
    expected = (each * TARGETS.weights).sum() / 3
    torch.testing.assert_close(built.loss(logits, TARGETS), expected)


def test_scores_of_each_are_its_own_softmax() -> None:
    built = _build()
    features, pooled = _inputs()
    logits = built(features, pooled)
    assert torch.equal(built.original_scores(logits), built.original(features).softmax(dim=1))
    assert torch.equal(built.new_scores(logits), built.new(pooled).softmax(dim=1))
    assert torch.equal(built.scores(logits), built.new_scores(logits))
    assert torch.equal(built.category_logits(logits), built.new(pooled)[:, :K])


@both_heads
def test_the_original_neither_learns_nor_changes(head: str) -> None:
    built = _build(config.Calibrated(head=head))
    original = built.original
    assert isinstance(original, SoftmaxClassifier)
    before = copy.deepcopy(original.state_dict())
    built.train()
    assert built.new.training and not original.training
    built.loss(built(*_inputs()), TARGETS).backward()
    torch.optim.SGD((p for p in built.parameters() if p.requires_grad), lr=1).step()
    assert all(parameter.grad is None for parameter in original.parameters())
    assert all(p.grad is not None and p.grad.any() for p in built.new.parameters())
    assert all(torch.equal(value, before[name]) for name, value in original.state_dict().items())


def test_a_cosine_original_gives_the_new_head_a_cosine_layer() -> None:
    layer = config.Cosine(temperature=7)
    built = _build(config.Calibrated(original=config.Softmax(layer=layer)))
    _, pooled = _inputs()
    zero_bias = built.new.linear.bias.abs().max() == 0
    assert zero_bias and built.new(pooled).abs().max() <= 7.001
    assert isinstance(built.original, SoftmaxClassifier)
    assert type(built.new.linear) is type(built.original.linear)


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    built = _build()
    empty = ClassificationTargets(
        torch.zeros(0, dtype=torch.long), torch.zeros(0, K, dtype=torch.bool), torch.zeros(0)
    )
    loss = built.loss(built(*_inputs(0)), empty)
    loss.backward()
    assert loss.item() == 0
    assert all(parameter.grad is not None for parameter in built.new.parameters())


def test_logits_are_float32_under_mixed_precision() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert _build()(*_inputs()).dtype == torch.float32
