"""Two processes over gloo, as two workers of a cluster would be; and one alone."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.on_ray.two_workers import on_each_of_two
from torch import Tensor

from longtail.losses.box import box_regression_loss
from longtail.losses.mask import mask_cross_entropy
from longtail.losses.over_workers import common_generator, gathered, share_of_mean, summed
from longtail.losses.reduction import mean_over_rois

CPU = torch.device("cpu")
SHARES = {"even": (3, 3), "uneven": (5, 1), "first empty": (0, 6), "second empty": (6, 0)}
LOSSES = torch.tensor([1.0, 0.3, 2.0, 0.1, 5.0, 0.7])
WEIGHTS = torch.tensor([1.0, 0.5, 1.0, 1.0, 0.0, 1.0])


def test_alone_a_worker_has_the_whole_batch() -> None:
    values = torch.tensor([1, 2, 3])
    everyone, own = gathered(values)
    assert torch.equal(everyone, values) and torch.equal(everyone[own], values)
    assert torch.equal(summed(values), values)


def test_alone_a_mean_has_the_bits_of_a_plain_division() -> None:
    torch.manual_seed(0)
    losses, weights = torch.rand(513), torch.rand(513)
    assert mean_over_rois(losses, weights) == (weights * losses).sum() / 513
    assert share_of_mean(torch.tensor(0.0), 0) == 0


def test_sums_carry_no_gradient() -> None:
    assert not summed(torch.ones(2, requires_grad=True)).requires_grad


def test_a_seed_gives_the_same_common_draws_again() -> None:
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(torch.rand(4, generator=common_generator(CPU)).tolist())
    assert draws[0] == draws[1] != draws[2]


def _exchange(rank: int) -> dict[str, Any]:
    torch.manual_seed(rank)
    local = torch.tensor([1, 2])
    found: dict[str, Any] = {"summed": summed(local * (rank + 1)), "local": local}
    for name, counts in SHARES.items():
        labels = torch.arange(counts[rank]) + 10 * rank
        everyone, own = gathered(labels)
        found[name] = (everyone, torch.equal(everyone[own], labels))
    found["draws"] = torch.rand(5, generator=common_generator(CPU))
    return found


@pytest.mark.slow
def test_workers_sum_gather_in_order_and_draw_alike(tmp_path: Path) -> None:
    both = on_each_of_two(_exchange, tmp_path)
    for found in both:
        assert found["summed"].tolist() == [3, 6]
        assert found["local"].tolist() == [1, 2]
        for name, (first, second) in SHARES.items():
            everyone, own_is_in_place = found[name]
            assert everyone.tolist() == [*range(first), *range(10, 10 + second)]
            assert own_is_in_place
    assert torch.equal(both[0]["draws"], both[1]["draws"])
    torch.manual_seed(0)
    assert torch.equal(both[0]["draws"], torch.rand(5, generator=common_generator(CPU)))


def _means(rank: int) -> dict[str, Tensor]:
    found = {}
    for name, (first, _) in SHARES.items():
        part = slice(0, first) if rank == 0 else slice(first, 6)
        losses, weights = LOSSES[part], WEIGHTS[part]
        deltas = losses[:, None].expand(-1, 4)
        cells = losses[:, None, None].expand(-1, 2, 2)
        found[f"{name} rois"] = mean_over_rois(losses, weights)
        # Some RoIs are background: they count, and have no deltas.
        found[f"{name} box"] = box_regression_loss(
            deltas, torch.zeros_like(deltas), weights, num_rois=len(losses) + 2 * rank, beta=0.0
        )
        found[f"{name} mask"] = mask_cross_entropy(cells, torch.ones_like(cells), weights)
    return found


@pytest.mark.slow
def test_the_workers_average_loss_is_that_of_one_with_the_whole_batch(tmp_path: Path) -> None:
    first, second = on_each_of_two(_means, tmp_path)
    cells = LOSSES[:, None, None].expand(-1, 2, 2)
    expected = {
        "rois": mean_over_rois(LOSSES, WEIGHTS),
        "box": 4 * (WEIGHTS * LOSSES).sum() / 8,
        "mask": mask_cross_entropy(cells, torch.ones_like(cells), WEIGHTS),
    }
    for share in SHARES:
        for loss, value in expected.items():
            name = f"{share} {loss}"
            torch.testing.assert_close((first[name] + second[name]) / 2, value)
