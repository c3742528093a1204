import pytest
import torch

from longtail.losses.masks.mask_iou import mask_iou_loss, mask_iou_targets


def _grid(*cells: int) -> torch.Tensor:
    """(1, 10, 20), 1 at the first cells of each given row."""
    grid = torch.zeros(1, 10, 20)
    for row, count in enumerate(cells):
        grid[0, row, :count] = 1
    return grid


# 60 cells of the instance in the box, 80 predicted ones, 50 in both.
INSIDE = _grid(20, 20, 10, 10)
PREDICTED = _grid(20, 20, 10, 0, 20, 10)
LOGITS = 4 * PREDICTED - 2
BOX = torch.tensor([[5.0, 10.0, 45.0, 30.0]])
"""40 x 20 pixels: a cell has 4."""


def test_worked_number_of_an_instance_that_leaves_its_box() -> None:
    # 80 cells are 320 pixels, of which 240 lie in the box: 3 / 4. 50 / (80 + 80 - 50).
    assert (INSIDE.sum(), PREDICTED.sum(), (INSIDE * PREDICTED).sum()) == (60, 80, 50)
    target = mask_iou_targets(LOGITS, INSIDE, torch.tensor([320.0]), BOX)
    assert target.item() == pytest.approx(50 / 110)
    assert target.item() == pytest.approx(0.4545, abs=1e-4)


@pytest.mark.parametrize(("area", "full_cells"), [(240.0, 60), (960.0, 240), (100.0, 60)])
def test_the_full_area_is_at_least_what_the_box_shows(area: float, full_cells: int) -> None:
    target = mask_iou_targets(LOGITS, INSIDE, torch.tensor([area]), BOX)
    assert target.item() == pytest.approx(50 / (80 + full_cells - 50))


def test_a_perfect_mask_of_an_instance_inside_its_box_is_one() -> None:
    target = mask_iou_targets(4 * INSIDE - 2, INSIDE, torch.tensor([240.0]), BOX)
    assert target.item() == 1


def test_cells_at_one_half_are_background() -> None:
    assert mask_iou_targets(0 * LOGITS, INSIDE, torch.tensor([240.0]), BOX).item() == 0


def test_empty_masks_and_boxes_are_zero() -> None:
    nothing, areas = torch.zeros_like(INSIDE), torch.tensor([0.0])
    assert mask_iou_targets(-LOGITS.abs(), nothing, areas, BOX).item() == 0
    assert mask_iou_targets(-LOGITS.abs(), nothing, areas, BOX[:, [0, 1, 0, 1]]).item() == 0
    assert mask_iou_targets(LOGITS, nothing, areas, BOX).item() == 0


def test_a_share_of_the_pixels_is_the_same_at_any_scale() -> None:
    at_scale = [
        mask_iou_targets(LOGITS, INSIDE, torch.tensor([320.0 * s * s]), s * BOX).item()
        for s in (1.0, 0.5, 3.0)
    ]
    assert at_scale == pytest.approx([50 / 110] * 3)


def test_targets_carry_no_gradient() -> None:
    logits = LOGITS.clone().requires_grad_()
    assert not mask_iou_targets(logits, INSIDE, torch.tensor([320.0]), BOX).requires_grad


def test_only_positive_targets_are_learned_and_weighed() -> None:
    predicted = torch.tensor([0.5, 0.9, 0.2], requires_grad=True)
    targets, weights = torch.tensor([0.7, 0.0, 0.6]), torch.tensor([1.0, 1.0, 0.5])
    loss = mask_iou_loss(predicted, targets, weights)
    loss.backward()
    assert loss.item() == pytest.approx((0.5 * 0.2**2 + 0.5 * 0.5 * 0.4**2) / 2)
    assert predicted.grad is not None
    assert predicted.grad.tolist() == pytest.approx([-0.2 / 2, 0.0, 0.5 * -0.4 / 2])


@pytest.mark.parametrize("count", [0, 3])
def test_without_positive_targets_the_loss_is_zero_and_tied_to_the_graph(count: int) -> None:
    predicted = torch.ones(count, requires_grad=True)
    loss = mask_iou_loss(predicted, torch.zeros(count), torch.ones(count))
    loss.backward()
    assert loss.item() == 0
    assert predicted.grad is not None and not predicted.grad.any()


def test_without_rois_there_are_no_targets() -> None:
    none = torch.zeros(0, 28, 28)
    assert mask_iou_targets(none, none, torch.zeros(0), torch.zeros(0, 4)).shape == (0,)
