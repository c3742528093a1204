import copy

import torch
from torch import Tensor, nn

from longtail.config import classifiers as config
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import ClassificationTargets
from longtail.models.classifiers.build import build_classifier
from longtail.models.classifiers.double import DoubleClassifier
from longtail.models.classifiers.seesaw import SeesawClassifier
from longtail.models.classifiers.softmax import SoftmaxClassifier

K = 5
STATISTICS = CategoryStatistics(
    image_count=torch.tensor([3000, 300, 40, 6, 2]),
    instance_count=torch.tensor([5000, 400, 50, 7, 3]),
    frequency_group=torch.tensor([2, 2, 2, 0, 0]),
    num_images=4000,
)
TARGETS = ClassificationTargets(
    labels=torch.tensor([0, 3, K]), verified=torch.ones(3, K).bool(), weights=torch.ones(3)
)


class Given(nn.Module):
    """Takes its logits for scores; they are as many as its layer says."""

    def __init__(self, num_logits: int) -> None:
        super().__init__()
        self.linear = nn.Linear(1, num_logits)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.linear(features)
        return logits

    def loss(self, logits: Tensor, targets: ClassificationTargets) -> Tensor:
        return logits.sum()

    def scores(self, logits: Tensor) -> Tensor:
        return logits


def _double(first: config.SingleClassifier, second: config.SingleClassifier) -> DoubleClassifier:
    built = build_classifier(config.Double(first=first, second=second), 8, STATISTICS)
    assert isinstance(built, DoubleClassifier)
    return built


def test_scores_are_the_mean_of_both() -> None:
    double = DoubleClassifier(Given(2), Given(2), first_logits=2)
    scores = double.scores(torch.tensor([[0.2, 0.7, 0.6, 0.3]]))
    torch.testing.assert_close(scores, torch.tensor([[0.4, 0.5]]))


def test_the_same_classifier_twice_is_that_classifier_bit_for_bit() -> None:
    torch.manual_seed(0)
    features = torch.randn(20, 8)
    for single_config in (config.BalancedGroupSoftmax(), config.Softmax(), config.Seesaw()):
        single = build_classifier(single_config, 8, STATISTICS)
        assert isinstance(single, nn.Module)
        double = _double(single_config, single_config)
        for part in (double.first, double.second):
            assert isinstance(part, nn.Module)
            part.load_state_dict(single.state_dict())
        expected = single.scores(single(features))
        assert torch.equal(double.scores(double(features)), expected)


def test_logits_stand_side_by_side_and_the_second_has_the_loss() -> None:
    torch.manual_seed(0)
    double = _double(config.BalancedGroupSoftmax(), config.Softmax())
    features = torch.randn(3, 8)
    logits = double(features)
    assert torch.equal(logits, torch.cat([double.first(features), double.second(features)], dim=1))
    assert logits.shape == (3, K + 6 + K + 1)
    expected = double.second.loss(double.second(features), TARGETS)
    assert double.loss(logits, TARGETS) == expected


def test_the_first_neither_learns_nor_counts() -> None:
    double = _double(config.Seesaw(), config.Seesaw())
    first, second = double.first, double.second
    assert isinstance(first, SeesawClassifier) and isinstance(second, SeesawClassifier)
    before = copy.deepcopy(first.state_dict())
    double.train()
    assert second.training and not first.training
    double.loss(double(torch.randn(3, 8)), TARGETS).backward()
    assert all(parameter.grad is None for parameter in first.parameters())
    assert all(parameter.grad is not None for parameter in second.parameters())
    assert all(torch.equal(value, before[name]) for name, value in first.state_dict().items())
    assert second.label_count.sum() == 2


def test_both_are_in_the_checkpoint() -> None:
    names = _double(config.Softmax(), config.Softmax()).state_dict().keys()
    assert names == {f"{w}.linear.{p}" for w in ("first", "second") for p in ("weight", "bias")}


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    double = _double(config.BalancedGroupSoftmax(), config.Softmax())
    second = double.second
    assert isinstance(second, SoftmaxClassifier)
    empty = ClassificationTargets(
        torch.zeros(0, dtype=torch.long), torch.zeros(0, K, dtype=torch.bool), torch.zeros(0)
    )
    loss = double.loss(double(torch.zeros(0, 8)), empty)
    loss.backward()
    assert loss.item() == 0
    assert second.linear.weight.grad is not None
