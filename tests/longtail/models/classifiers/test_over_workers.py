"""Two workers with a share of the batch learn what one with the whole batch learns."""

from functools import cache
from typing import Any, cast

import pytest
import torch
from support.every_classifier import single_classifiers
from support.on_ray.two_workers import on_each_of_two
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from longtail.config import classifiers as config
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import ClassificationTargets, Classifier
from longtail.models.classifiers.build import build_classifier

pytestmark = pytest.mark.slow

K, R, CHANNELS, STEPS = 7, 24, 6, 3
SHARES = {"even": 12, "uneven": 5, "first empty": 0, "second empty": 24}
CLASSIFIERS: dict[str, config.Classifier] = {
    **single_classifiers(),
    "adjusted softmax": config.Softmax(logit_adjustment=1),
    "cosine softmax": config.Softmax(layer=config.Cosine()),
    "federated, verified": config.Federated(judged_categories=4, keep_verified=True),
    "double": config.Double(second=config.BalancedGroupSoftmax(others_per_member=1)),
}
STATISTICS = CategoryStatistics(
    image_count=torch.tensor([3000, 500, 90, 40, 20, 6, 2]),
    instance_count=torch.tensor([9000, 800, 300, 50, 30, 9, 3]),
    frequency_group=torch.tensor([2, 2, 2, 2, 1, 0, 0]),
    num_images=5000,
)


class Loss(nn.Module):
    """The loss of a classifier as a module's forward, which DDP needs."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, features: Tensor, targets: ClassificationTargets) -> Tensor:
        return self.classifier.loss(self.classifier(features), targets)


def _model(name: str) -> Loss:
    torch.manual_seed(0)
    model = Loss(build_classifier(CLASSIFIERS[name], CHANNELS, STATISTICS))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def _batch(step: int, part: slice) -> tuple[Tensor, ClassificationTargets]:
    generator = torch.Generator().manual_seed(step)
    features = torch.randn(R, CHANNELS, generator=generator)
    labels = torch.randint(0, K + 5, (R,), generator=generator).clamp(max=K)
    verified = torch.rand(R, K, generator=generator) > 0.5
    weights = torch.rand(R, generator=generator)
    return features[part], ClassificationTargets(labels[part], verified[part], weights[part])


def _train(model: nn.Module, part: slice, rank: int) -> dict[str, list[Any]]:
    """Losses and gradients of each step, and the buffers at the end."""
    learned: dict[str, list[Any]] = {"losses": [], "gradients": []}
    for step in range(STEPS):
        torch.manual_seed(100 * step + rank)
        model.zero_grad()
        loss = model(*_batch(step, part))
        loss.backward()
        learned["losses"].append(loss.detach())
        gradients = [parameter.grad for parameter in model.parameters()]
        learned["gradients"].append([g.clone() for g in gradients if g is not None])
    learned["buffers"] = [buffer.clone() for buffer in model.buffers()]
    return learned


def _train_shares(rank: int) -> dict[tuple[str, str], dict[str, list[Any]]]:
    found = {}
    for share, first in SHARES.items():
        part = slice(0, first) if rank == 0 else slice(first, R)
        for name in CLASSIFIERS:
            found[name, share] = _train(DistributedDataParallel(_model(name)), part, rank)
    return found


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return on_each_of_two(_train_shares, tmp_path_factory.mktemp("two"))


@cache
def _of_one(name: str) -> dict[str, list[Any]]:
    return _train(_model(name), slice(0, R), rank=0)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_averaged_gradients_are_those_of_one_worker(
    name: str, share: str, of_two: list[Any]
) -> None:
    first, second = (of_rank[name, share] for of_rank in of_two)
    alone = _of_one(name)
    for step in range(STEPS):
        mean = (first["losses"][step] + second["losses"][step]) / 2
        torch.testing.assert_close(mean, alone["losses"][step], rtol=1e-6, atol=1e-6)
        expected = alone["gradients"][step]
        assert expected and any(gradient.abs().max() > 1e-3 for gradient in expected)
        for worker in (first, second):
            torch.testing.assert_close(worker["gradients"][step], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_running_statistics_are_those_of_one_worker_on_both(
    name: str, share: str, of_two: list[Any]
) -> None:
    first, second = (of_rank[name, share]["buffers"] for of_rank in of_two)
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)
    torch.testing.assert_close(first, _of_one(name)["buffers"], rtol=1e-6, atol=0)


def test_every_classifier_with_running_statistics_was_seen_to_gather_some() -> None:
    for name in ("seesaw", "equalization_v2"):
        model = cast(nn.Module, _model(name).classifier)
        buffers = [name for name, _ in model.named_buffers()]
        assert buffers
        assert all(buffer.sum() > 0 for buffer in _of_one(name)["buffers"])
