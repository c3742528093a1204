import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.losses.balanced_group_softmax import (
    balanced_group_softmax_loss,
    balanced_group_softmax_scores,
    draw_rois,
    groups_by_instances,
)

# Five categories in the groups 0, 0, 1, 2, 3.
INSTANCES = torch.tensor([3, 7, 50, 400, 5000])
GROUPS = groups_by_instances(INSTANCES)
K, BACKGROUND = 5, 5
# Categories, "others" of the four groups, background and foreground.
ROW = [*(2.0, 0.0, 1.0, 0.0, 0.0), *(1.0, 0.0, 2.0, 0.0), *(0.0, 2.0)]


def _log_softmax(own: float, *others: float) -> float:
    return own - math.log(sum(math.exp(logit) for logit in (own, *others)))


def test_a_category_belongs_to_the_bin_of_its_instances() -> None:
    assert GROUPS.tolist() == [0, 0, 1, 2, 3]
    edges = groups_by_instances(torch.tensor([0, 9, 10, 99, 100, 999, 1000, 10**6]))
    assert edges.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_scores_are_those_within_the_group_times_foreground() -> None:
    scores = balanced_group_softmax_scores(torch.tensor([ROW]), GROUPS)
    expected = torch.tensor([[0.585942, 0.079299, 0.643914, 0.104994, 0.440399, 1 - 0.880797]])
    torch.testing.assert_close(scores, expected, rtol=0, atol=1e-6)


def test_scores_do_not_depend_on_where_a_group_stands() -> None:
    """The same network output under two group memberships: only the competitors change."""
    one_group = torch.zeros(K, dtype=torch.long)
    scores = balanced_group_softmax_scores(torch.tensor([ROW]), one_group)
    softmax = torch.tensor([*ROW[:K], ROW[K]]).softmax(dim=0)
    torch.testing.assert_close(scores[0, :K], softmax[:K] * 0.8807970779778823)


def test_loss_is_the_sum_of_the_groups_means() -> None:
    """A RoI of category 0 and background; every RoI that may be drawn is drawn."""
    logits = torch.tensor([ROW, ROW])
    loss = balanced_group_softmax_loss(
        logits, torch.tensor([0, BACKGROUND]), torch.ones(2), GROUPS, others_per_member=8
    )
    pair = -(_log_softmax(2, 0) + _log_softmax(0, 2)) / 2
    first_group = -(_log_softmax(2, 0, 1) + _log_softmax(1, 2, 0)) / 2
    # Groups without a member learn nothing.
    torch.testing.assert_close(loss, torch.tensor(pair + first_group))


def test_a_groups_mean_runs_over_the_rois_drawn_for_it() -> None:
    """Without "others", each of three groups has one RoI while the pair has all four."""
    logits, labels = torch.tensor([ROW] * 4), torch.tensor([0, 2, 4, BACKGROUND])
    loss = balanced_group_softmax_loss(logits, labels, torch.ones(4), GROUPS, others_per_member=0)
    pair = -(3 * _log_softmax(2, 0) + _log_softmax(0, 2)) / 4
    groups = -_log_softmax(2, 0, 1) - _log_softmax(1, 0) - _log_softmax(0, 0)
    torch.testing.assert_close(loss, torch.tensor(pair + groups))


def test_weight_scales_a_rois_terms_but_not_the_divisors() -> None:
    logits, labels = torch.tensor([ROW, ROW]), torch.tensor([0, BACKGROUND])
    halved = balanced_group_softmax_loss(logits, labels, torch.tensor([0.5, 0.0]), GROUPS, 8)
    expected = -(_log_softmax(2, 0) + _log_softmax(2, 0, 1)) * 0.5 / 2
    torch.testing.assert_close(halved, torch.tensor(expected))


def test_one_group_and_all_rois_make_a_softmax_within_it() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(12, K + 6), torch.randint(0, K + 1, (12,))
    labels[0] = 0
    one_group = torch.zeros(K, dtype=torch.long)
    loss = balanced_group_softmax_loss(logits, labels, torch.ones(12), one_group, 1000)
    softmax = F.cross_entropy(logits[:, : K + 1], labels)
    pair = F.cross_entropy(logits[:, -2:], (labels < K).long())
    torch.testing.assert_close(loss, softmax + pair)


def _drawn(labels: Tensor, others_per_member: float, seed: int = 0) -> Tensor:
    return draw_rois(labels, GROUPS, others_per_member, torch.Generator().manual_seed(seed))


def test_eight_others_are_drawn_for_each_member() -> None:
    labels = torch.full((512,), BACKGROUND)
    labels[:5] = 2
    drawn = _drawn(labels, 8)
    assert drawn.sum(dim=0).tolist() == [0, 45, 0, 0]
    assert drawn[:5, 1].all()


def test_a_fraction_of_an_other_is_not_drawn_and_all_are_where_there_are_fewer() -> None:
    labels = torch.tensor([0, 1, 0, 4, BACKGROUND, BACKGROUND])
    assert _drawn(labels, 0.5).sum(dim=0).tolist() == [3 + 1, 0, 0, 1]
    assert _drawn(labels, 3).sum(dim=0).tolist() == [6, 0, 0, 4]


def test_others_are_drawn_evenly_and_by_the_generator() -> None:
    labels = torch.tensor([0] + [BACKGROUND] * 4)
    often = torch.stack([_drawn(labels, 2, seed)[:, 0] for seed in range(2000)]).float().mean(dim=0)
    assert often[0] == 1
    assert (often[1:] - 0.5).abs().max() < 0.05
    assert torch.equal(_drawn(labels, 2, seed=7), _drawn(labels, 2, seed=7))


def test_a_seeded_loss_draws_the_same_again() -> None:
    torch.manual_seed(3)
    logits = torch.randn(40, K + 6)
    labels = torch.tensor([0, 2] + [BACKGROUND] * 38)
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(balanced_group_softmax_loss(logits, labels, torch.ones(40), GROUPS, 3).item())
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("others_per_member", [0.0, 2.0])
def test_gradient_is_that_of_the_formula(others_per_member: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(6, K + 6, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1, 2, 4, BACKGROUND, BACKGROUND])
    weights = torch.rand(6, dtype=torch.float64)

    def loss(z: Tensor) -> Tensor:
        torch.manual_seed(5)
        return balanced_group_softmax_loss(z, labels, weights, GROUPS, others_per_member)

    assert torch.autograd.gradcheck(loss, logits)


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, K + 6, requires_grad=True)
    labels = torch.zeros(0, dtype=torch.long)
    loss = balanced_group_softmax_loss(logits, labels, torch.zeros(0), GROUPS, 8)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert balanced_group_softmax_scores(logits, GROUPS).shape == (0, K + 1)
