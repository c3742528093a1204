"""Several classifiers in the place of one."""

import pytest
import torch
from support.statistics_of import statistics_of
from torch import Tensor, nn

from longtail.config import classifiers as config
from longtail.models.classifiers.base import ClassificationTargets, Classifier
from longtail.models.classifiers.build import build_classifier
from longtail.models.classifiers.many import ManyClassifiers

K, R, CHANNELS, WIDTH, SIDE = 6, 12, 5, 3, 2
CONFIGS: tuple[config.Classifier, ...] = (
    config.BalancedGroupSoftmax(others_per_member=1),
    config.Federated(judged_categories=3),
    config.Calibrated(head="2fc_rand"),
    config.BalancedGroupSoftmax(others_per_member=1),
)


@pytest.fixture
def members() -> list[Classifier]:
    torch.manual_seed(0)
    return [
        build_classifier(one, CHANNELS, statistics_of(K), pooled=(WIDTH, SIDE)) for one in CONFIGS
    ]


def batch(num_rois: int = R) -> tuple[Tensor, Tensor, ClassificationTargets]:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(num_rois, CHANNELS, generator=generator)
    pooled = torch.randn(num_rois, WIDTH, SIDE, SIDE, generator=generator)
    labels = torch.randint(0, K + 1, (num_rois,), generator=generator)
    verified = torch.rand(num_rois, K, generator=generator) > 0.5
    return features, pooled, ClassificationTargets(labels, verified, torch.ones(num_rois))


def losses(members: list[Classifier], num_rois: int = R) -> Tensor:
    features, pooled, targets = batch(num_rois)
    many = ManyClassifiers(members, [lambda *_: None] * len(members))
    torch.manual_seed(7)
    return many.loss_of_stages([many.stage_logits(0, features, pooled)], [targets], [1.0])


@pytest.mark.parametrize("num_rois", [R, 0])
def test_each_has_the_loss_and_gradient_it_has_alone(
    members: list[Classifier], num_rois: int
) -> None:
    together = losses(members, num_rois)
    assert together.shape == (4,)
    together.sum().backward()
    gradients = [_gradients(member) for member in members]
    for number, member in enumerate(members):
        _module(member).zero_grad()
        (alone,) = losses([member], num_rois)
        assert alone == together[number]
        alone.backward()
        pairs = zip(_gradients(member), gradients[number], strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)


def test_each_is_watched_with_its_own_logits(members: list[Classifier]) -> None:
    features, pooled, targets = batch()
    seen: list[tuple[int, Classifier, Tensor]] = []
    watchers = [
        lambda classifier, logits, _, number=number: seen.append((number, classifier, logits))
        for number in range(4)
    ]
    many = ManyClassifiers(members, watchers)
    logits = many.stage_logits(0, features, pooled)
    many.loss_of_stages([logits], [targets], [1.0])
    assert seen == [(number, members[number], logits[number]) for number in range(4)]


def _module(classifier: Classifier) -> nn.Module:
    assert isinstance(classifier, nn.Module)
    return classifier


def _gradients(classifier: Classifier) -> list[Tensor]:
    gradients = [parameter.grad for parameter in _module(classifier).parameters()]
    return [gradient.clone() for gradient in gradients if gradient is not None]
