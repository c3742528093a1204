import torch
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.roi_heads import RoIHeads as TorchvisionRoIHeads
from torchvision.ops import nms

from longtail.models.detections.select import BoxSelector

SIZE = (100, 120)
SELECT = BoxSelector(score_threshold=0.0, nms_iou=0.5, detections_per_image=300)
# Two boxes of IoU 0.8 and one apart.
PROPOSALS = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 8], [50, 50, 60, 60]]).float()
STAY = torch.zeros(3, 1, 4)


def _scores(rows: list[list[float]]) -> Tensor:
    """Sigmoid-like scores with a zero background column."""
    return torch.cat([torch.tensor(rows), torch.zeros(len(rows), 1)], dim=1)


def _random_proposals(count: int) -> Tensor:
    corner = torch.rand(count, 2) * 80
    return torch.cat([corner, corner + 5 + torch.rand(count, 2) * 30], dim=1)


def test_suppression_works_within_a_category_only() -> None:
    found = SELECT(PROPOSALS, _scores([[0.9, 0.0], [0.8, 0.7], [0.0, 0.6]]), STAY, SIZE)
    pairs = list(zip(found.labels.tolist(), found.boxes.tolist(), strict=True))
    assert pairs == [(0, [0, 0, 10, 10]), (1, [0, 0, 10, 8]), (1, [50, 50, 60, 60])]
    torch.testing.assert_close(found.scores, torch.tensor([0.9, 0.7, 0.6]))


def test_class_rows_are_those_of_the_detections_proposal() -> None:
    scores = _scores([[0.9, 0.1], [0.8, 0.7], [0.0, 0.6]])
    found = SELECT(PROPOSALS, scores, STAY, SIZE)
    torch.testing.assert_close(found.scores, torch.tensor([0.9, 0.7, 0.6]))
    assert torch.equal(found.class_rows, scores)


def test_score_must_exceed_the_threshold() -> None:
    select = BoxSelector(score_threshold=0.5, nms_iou=0.5, detections_per_image=300)
    found = select(PROPOSALS, _scores([[0.5, 0.0], [0.0, 0.0], [0.51, 0.0]]), STAY, SIZE)
    assert found.boxes.tolist() == [[50, 50, 60, 60]]


def test_background_is_never_detected() -> None:
    scores = torch.tensor([[0.1, 0.1, 0.8]] * 3)
    assert SELECT(PROPOSALS, scores, STAY, SIZE).labels.max() < 2


def test_only_the_best_detections_are_kept() -> None:
    select = BoxSelector(score_threshold=0.0, nms_iou=0.5, detections_per_image=1)
    found = select(PROPOSALS, _scores([[0.2, 0.0], [0.0, 0.3], [0.9, 0.0]]), STAY, SIZE)
    assert found.boxes.tolist() == [[50, 50, 60, 60]]


def test_class_specific_deltas_move_the_box_of_their_category() -> None:
    deltas = torch.zeros(3, 2, 4)
    deltas[2, 1, 0] = 10.0  # one width to the right
    found = SELECT(PROPOSALS, _scores([[0, 0], [0, 0], [0.5, 0.4]]), deltas, SIZE)
    assert found.boxes.tolist() == [[50, 50, 60, 60], [60, 50, 70, 60]]


def test_boxes_are_clipped_and_those_left_without_area_dropped() -> None:
    proposals = torch.tensor([[110.0, 90.0, 140.0, 130.0], [130.0, 0.0, 140.0, 10.0]])
    found = SELECT(proposals, _scores([[0.5], [0.9]]), STAY[:2], SIZE)
    assert found.boxes.tolist() == [[110, 90, 120, 100]]


def test_no_proposals_give_no_detections() -> None:
    found = SELECT(torch.zeros(0, 4), torch.zeros(0, 3), torch.zeros(0, 1, 4), SIZE)
    assert found.boxes.shape == (0, 4)
    assert found.class_rows.shape == (0, 3)


def test_last_of_many_categories_is_suppressed_like_the_first() -> None:
    # Told apart by a shift of 1202 * 1334 pixels, its boxes would be rounded in float32.
    torch.manual_seed(0)
    boxes = _random_proposals(240) / 8
    boxes[0] = torch.tensor([1300.0, 1300.0, 1333.0, 1333.0])
    scores = torch.rand(240)
    alone = nms(boxes.double(), scores.double(), 0.5)
    for category in (0, 1202):
        rows = torch.zeros(240, 1204)
        rows[:, category] = scores
        found = SELECT(boxes, rows, torch.zeros(240, 1, 4), (1333, 1333))
        torch.testing.assert_close(found.scores, scores[alone])


def test_detections_are_torchvisions_where_conventions_agree() -> None:
    torch.manual_seed(0)
    num_proposals, num_categories = 80, 3
    proposals = _random_proposals(num_proposals)
    logits = 3 * torch.randn(num_proposals, num_categories + 1)
    deltas = torch.randn(num_proposals, num_categories, 4)
    select = BoxSelector(score_threshold=0.05, nms_iou=0.5, detections_per_image=60)
    found = select(proposals, logits.softmax(dim=1), deltas, SIZE)

    # torchvision has background first, in logits and in deltas.
    theirs = TorchvisionRoIHeads.__new__(TorchvisionRoIHeads)
    torch.nn.Module.__init__(theirs)
    theirs.box_coder = BoxCoder((10.0, 10.0, 5.0, 5.0))
    theirs.score_thresh, theirs.nms_thresh, theirs.detections_per_img = 0.05, 0.5, 60
    boxes, scores, labels = theirs.postprocess_detections(
        torch.cat([logits[:, -1:], logits[:, :-1]], dim=1),
        torch.cat([torch.zeros(num_proposals, 4), deltas.flatten(1)], dim=1),
        [proposals],
        [SIZE],
    )
    torch.testing.assert_close(found.scores, scores[0])
    torch.testing.assert_close(found.boxes, boxes[0])
    assert torch.equal(found.labels, labels[0] - 1)


def test_boxes_of_two_detectors_suppress_each_other_within_a_category() -> None:
    first = SELECT(PROPOSALS, _scores([[0.9, 0.0], [0.0, 0.2], [0.0, 0.0]]), STAY, SIZE)
    second = SELECT(PROPOSALS, _scores([[0.0, 0.4], [0.8, 0.0], [0.0, 0.6]]), STAY, SIZE)
    united = SELECT.unite([first, second])
    pairs = list(zip(united.labels.tolist(), united.boxes.tolist(), strict=True))
    assert pairs == [(0, [0, 0, 10, 10]), (1, [50, 50, 60, 60]), (1, [0, 0, 10, 10])]
    torch.testing.assert_close(united.scores, torch.tensor([0.9, 0.6, 0.4]))
    rows = torch.tensor([[0.9, 0.0, 0], [0.0, 0.6, 0], [0.0, 0.4, 0]])
    torch.testing.assert_close(united.class_rows, rows)


def test_the_union_keeps_the_best_only_and_a_detector_alone_as_it_is() -> None:
    select = BoxSelector(score_threshold=0.0, nms_iou=0.5, detections_per_image=2)
    first = select(PROPOSALS, _scores([[0.9, 0.0], [0.0, 0.5], [0.0, 0.0]]), STAY, SIZE)
    second = select(PROPOSALS, _scores([[0.0, 0.0], [0.0, 0.0], [0.7, 0.6]]), STAY, SIZE)
    torch.testing.assert_close(select.unite([first, second]).scores, torch.tensor([0.9, 0.7]))
    assert select.unite([first]) is first
