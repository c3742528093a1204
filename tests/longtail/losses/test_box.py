import torch

from longtail.losses.box import box_regression_loss

DELTAS = torch.tensor([[1.0, 0.0, -2.0, 0.5], [0.0, 0.1, 0.0, 0.0]])
TARGETS = torch.zeros(2, 4)


def test_l1_sums_coordinates_and_divides_by_all_sampled_rois() -> None:
    loss = box_regression_loss(DELTAS, TARGETS, torch.ones(2), num_rois=8, beta=0.0)
    torch.testing.assert_close(loss, torch.tensor((3.5 + 0.1) / 8))


def test_smooth_l1_is_quadratic_below_beta() -> None:
    loss = box_regression_loss(DELTAS, TARGETS, torch.ones(2), num_rois=8, beta=1.0)
    expected = (0.5 + 1.5 + 0.125 + 0.005) / 8
    torch.testing.assert_close(loss, torch.tensor(expected))


def test_vanishing_beta_is_l1() -> None:
    nearly = box_regression_loss(DELTAS, TARGETS, torch.ones(2), num_rois=2, beta=1e-7)
    l1 = box_regression_loss(DELTAS, TARGETS, torch.ones(2), num_rois=2, beta=0.0)
    torch.testing.assert_close(nearly, l1)


def test_weight_scales_a_rois_term() -> None:
    loss = box_regression_loss(DELTAS, TARGETS, torch.tensor([0.5, 1.0]), num_rois=8, beta=0.0)
    torch.testing.assert_close(loss, torch.tensor((1.75 + 0.1) / 8))


def test_gradient_is_that_of_the_formula() -> None:
    deltas = (DELTAS + 0.01).double().requires_grad_()
    weights = torch.tensor([1.0, 0.3], dtype=torch.float64)
    for beta in (0.0, 1 / 9):
        assert torch.autograd.gradcheck(
            lambda d, beta=beta: box_regression_loss(d, TARGETS.double(), weights, 4, beta), deltas
        )


def test_without_foreground_the_loss_is_zero_and_tied_to_the_graph() -> None:
    deltas = torch.zeros(0, 4, requires_grad=True)
    loss = box_regression_loss(deltas, torch.zeros(0, 4), torch.zeros(0), num_rois=0, beta=0.0)
    loss.backward()
    assert loss.item() == 0
    assert deltas.grad is not None
