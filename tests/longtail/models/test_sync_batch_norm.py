"""Two workers with a part of the batch each compute what one does with the whole batch."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from support.on_ray.two_workers import on_each_of_two
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from longtail.models.sync_batch_norm import SyncBatchNorm, synchronised

CHANNELS = 6
SPLITS = {"halves": (0, 2, 4), "one and three": (0, 1, 4), "none and all": (0, 0, 4)}
"""The images of each worker, of four."""


def _network(norm: type[nn.Module]) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, CHANNELS, 3), norm(CHANNELS), nn.ReLU(), nn.Conv2d(CHANNELS, 2, 1), norm(2)
    )


def _images() -> Tensor:
    return torch.randn(4, 3, 7, 5, generator=torch.Generator().manual_seed(1)) * 3 + 5


def _learned(network: nn.Sequential, images: Tensor, weights: Tensor) -> dict[str, Any]:
    """Two passes; the gradients are those of the second."""
    network.train()
    network(images)
    images = images.clone().requires_grad_()
    output = network(images)
    (output * weights).sum().backward()
    return {
        "output": output.detach(),
        "input": images.grad,
        "gradients": [p.grad for p in network.parameters()],
        "state": network.state_dict(),
        "predicted": network.eval()(images).detach(),
    }


def _weights() -> Tensor:
    return torch.randn(4, 2, 5, 3, generator=torch.Generator().manual_seed(2))


def _on_rank(rank: int) -> dict[str, dict[str, Any]]:
    of_splits = {}
    for name, bounds in SPLITS.items():
        rows = slice(bounds[rank], bounds[rank + 1])
        of_splits[name] = _learned(_network(SyncBatchNorm), _images()[rows], _weights()[rows])
    return of_splits


@pytest.mark.slow
def test_two_workers_are_one_with_the_whole_batch(tmp_path: Path) -> None:
    one = _learned(_network(nn.BatchNorm2d), _images(), _weights())
    workers = on_each_of_two(_on_rank, tmp_path)
    for name in SPLITS:
        first, second = (of_rank[name] for of_rank in workers)
        for field in ("output", "input", "predicted"):
            together = torch.cat([first[field], second[field]])
            torch.testing.assert_close(together, one[field], rtol=1e-4, atol=1e-4)
        summed = [a + b for a, b in zip(first["gradients"], second["gradients"], strict=True)]
        torch.testing.assert_close(summed, one["gradients"], rtol=1e-3, atol=1e-3)
        assert list(first["state"]) == list(one["state"])
        torch.testing.assert_close(first["state"], dict(one["state"]), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(second["state"], first["state"], rtol=0, atol=0)


def _in_training(rank: int) -> list[Tensor]:
    """As a trainer wraps a model; gradients are means over workers."""
    network = _network(SyncBatchNorm)
    learning = DistributedDataParallel(network)
    rows = slice(2 * rank, 2 * rank + 2)
    (learning(_images()[rows]) * _weights()[rows]).sum().backward()
    return [cast(Tensor, parameter.grad) for parameter in network.parameters()]


@pytest.mark.slow
def test_it_is_trained_by_several_workers_without_a_gpu(tmp_path: Path) -> None:
    network = _network(nn.BatchNorm2d)
    (network(_images()) * _weights()).sum().backward()
    whole = [cast(Tensor, parameter.grad) for parameter in network.parameters()]
    for gradients in on_each_of_two(_in_training, tmp_path):
        doubled = [2 * gradient for gradient in gradients]
        torch.testing.assert_close(doubled, whole, rtol=1e-3, atol=1e-3)


def _without_images(rank: int) -> dict[str, Tensor]:
    norm = SyncBatchNorm(CHANNELS)
    norm(torch.zeros(0, CHANNELS, 3, 3, requires_grad=True)).sum().backward()
    assert norm.weight.grad is not None and not norm.weight.grad.any()
    return dict(norm.state_dict())


@pytest.mark.slow
def test_workers_without_any_image_leave_the_statistics(tmp_path: Path) -> None:
    for state in on_each_of_two(_without_images, tmp_path):
        assert not state["running_mean"].any() and (state["running_var"] == 1).all()


def _frozen(rank: int) -> Tensor:
    norm = SyncBatchNorm(CHANNELS).eval()
    # Only one worker comes by: in evaluation mode none waits for another.
    output: Tensor = norm(torch.full((1, CHANNELS, 1, 1), 2.0)) if rank else torch.zeros(0)
    return output.detach()


@pytest.mark.slow
def test_a_frozen_norm_asks_no_other_worker(tmp_path: Path) -> None:
    _, output = on_each_of_two(_frozen, tmp_path)
    torch.testing.assert_close(output, torch.full((1, CHANNELS, 1, 1), 2.0), rtol=1e-4, atol=0)


def test_one_worker_has_the_plain_norm_bit_for_bit() -> None:
    own = _learned(_network(SyncBatchNorm), _images(), _weights())
    plain = _learned(_network(nn.BatchNorm2d), _images(), _weights())
    torch.testing.assert_close(own, plain, rtol=0, atol=0)


@pytest.mark.parametrize("training", [True, False])
def test_a_norm_is_taken_over_with_all_it_has(training: bool) -> None:
    plain = nn.BatchNorm2d(CHANNELS, eps=1e-3, momentum=0.3).train()
    nn.init.normal_(plain.weight)
    plain(torch.randn(4, CHANNELS, 3, 3))
    sync = synchronised(plain.train(training))
    assert sync.weight is plain.weight and sync.bias is plain.bias
    torch.testing.assert_close(sync.state_dict(), plain.state_dict(), rtol=0, atol=0)
    assert (sync.eps, sync.momentum, sync.training) == (1e-3, 0.3, training)
    images = torch.randn(2, CHANNELS, 3, 3)
    assert torch.equal(sync(images), plain(images))
