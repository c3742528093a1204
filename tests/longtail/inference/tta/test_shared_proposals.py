"""Proposals of all views united, their scores and boxes averaged, masks voted: by hand.

The first view shows a picture of 100 x 100 pixels, the second is flipped and twice as large.
"""

from typing import Any, cast

import pytest
import torch
from torch import Tensor

from longtail.config.detector import Proposals
from longtail.config.test_time.scales import ViewScale
from longtail.engines.base import Engine, RankedProposals, SeenImages
from longtail.inference.tta.grids import GivenBoxes, averaged_masks
from longtail.inference.tta.shared_proposals import boxes_of_views, united
from longtail.inference.tta.views import View
from longtail.models.detections.select import BoxSelector
from longtail.models.roi_heads.box_branch import LastOutputs
from longtail.models.roi_heads.mask_branch import FoundMasks

SMALL = View(ViewScale(short_side=100), 0, False), SeenImages({}, [(100, 100)])
LARGE = View(ViewScale(short_side=200), 1, True), SeenImages({}, [(200, 200)])
SETTINGS = Proposals(nms_iou=0.7, test_post_nms=3)


class Heads:
    """Scores and deltas that are given for each view, by the side of its picture.

    Args:
        outputs: Rows of scores of each detector of the heads, and deltas.
        grids: Of every box.
    """

    def __init__(self, outputs: dict[int, Any], grids: dict[int, Tensor]) -> None:
        self.outputs, self.grids = outputs, grids
        self.seen: dict[int, Tensor] = {}
        self.selector = BoxSelector(0.0, 0.5, 10)

    def scored(self, features: Any, proposals: Any, sizes: Any) -> LastOutputs:
        self.seen[sizes[0][0]] = proposals[0]
        rows, deltas = self.outputs[sizes[0][0]]
        return LastOutputs(proposals, rows, deltas)

    def masks_for(self, features: Any, boxes: Any, labels: Any) -> list[FoundMasks]:
        # Boxes of the large view are the larger ones.
        side = 200 if float(boxes[0].max()) > 100 else 100
        grid = self.grids[side].expand(len(boxes[0]), 2, 2)
        return [FoundMasks(grid, torch.full((len(boxes[0]),), side / 200))]


class Toy:
    """An engine that proposes one box a view.

    Args:
        heads: What follows.
        proposals: By the side of the view's picture.
    """

    def __init__(self, heads: Heads, proposals: dict[int, list[float]]) -> None:
        self.roi_heads, self.proposals = heads, proposals

    def propose(self, seen: SeenImages) -> list[RankedProposals]:
        side = seen.sizes[0][0]
        scores = torch.tensor([0.9 if side == 100 else 0.8])
        return [RankedProposals(torch.tensor([self.proposals[side]]), scores)]


def test_boxes_and_scores_are_means_in_the_first_view() -> None:
    # The flipped view proposes the same object: x from 20 to 40 of 100 is 120 to 160 of 200.
    proposals = {100: [20.0, 20, 40, 40], 200: [120.0, 40, 160, 80]}
    still, moved = torch.zeros(1, 1, 4), torch.tensor([[[1.0, 0, 0, 0]]])
    outputs = {
        100: ((torch.tensor([[0.8, 0.1, 0.1]]),), still),
        200: ((torch.tensor([[0.4, 0.3, 0.3]]),), moved),
    }
    heads = Heads(outputs, {})
    (found,) = boxes_of_views(cast(Engine, Toy(heads, proposals)), [SMALL, LARGE], SETTINGS)
    assert heads.seen[100].tolist() == [proposals[100]]
    assert heads.seen[200].tolist() == [proposals[200]]
    # dx = 1 moves by a tenth of the width, to the right of the flipped picture: 2 to the left here.
    torch.testing.assert_close(found.boxes[0], torch.tensor([19.0, 20, 39, 40]))
    torch.testing.assert_close(found.scores, torch.tensor([0.6, 0.2]))
    assert found.labels.tolist() == [0, 1]
    torch.testing.assert_close(found.class_rows[0], torch.tensor([0.6, 0.2, 0.2]))


def test_of_two_detectors_each_is_averaged_by_itself() -> None:
    rows = {100: (0.8, 0.5), 200: (0.4, 0.1)}
    outputs = {
        side: (tuple(torch.tensor([[score, 0.0]]) for score in scores), torch.zeros(1, 1, 4))
        for side, scores in rows.items()
    }
    proposals = {100: [20.0, 20, 40, 40], 200: [120.0, 40, 160, 80]}
    toy = cast(Engine, Toy(Heads(outputs, {}), proposals))
    (found,) = boxes_of_views(toy, [SMALL, LARGE], SETTINGS)
    # Means 0.6 and 0.3 of the same box: the worse one is suppressed.
    torch.testing.assert_close(found.scores, torch.tensor([0.6]))


def test_a_row_that_is_no_number_in_one_view_is_dropped_and_counted() -> None:
    outputs = {
        100: ((torch.tensor([[0.8, 0.2]]),), torch.zeros(1, 1, 4)),
        200: ((torch.tensor([[0.4, 0.6]]),), torch.tensor([[[torch.inf, 0, 0, 0]]])),
    }
    proposals = {100: [20.0, 20, 40, 40], 200: [120.0, 40, 160, 80]}
    toy = cast(Engine, Toy(Heads(outputs, {}), proposals))
    (found,) = boxes_of_views(toy, [SMALL, LARGE], SETTINGS)
    assert len(found.scores) == 0 and found.num_not_finite == 1


def ranked(*pairs: tuple[float, list[float]]) -> RankedProposals:
    boxes = torch.tensor([box for _, box in pairs]).reshape(-1, 4)
    return RankedProposals(boxes, torch.tensor([score for score, _ in pairs]))


def test_the_best_proposals_of_all_views_stay() -> None:
    first = ranked((0.9, [0.0, 0, 10, 10]), (0.5, [50.0, 0, 60, 10]))
    # IoU with the best: 0.8 and 0.7, which is not over the threshold.
    second = ranked((0.8, [0.0, 0, 10, 8]), (0.7, [0.0, 0, 10, 7]), (0.1, [30.0, 0, 40, 10]))
    kept = united([first, second], SETTINGS)
    assert kept.tolist() == [[0, 0, 10, 10], [0, 0, 10, 7], [50, 0, 60, 10]]
    assert len(united([first, second], SETTINGS.replace(test_post_nms=1))) == 1


def test_of_equal_proposals_the_first_view_gives_its_own() -> None:
    kept = united([ranked((0.9, [0.0, 0, 10, 10])), ranked((0.9, [0.0, 0, 10, 9]))], SETTINGS)
    assert kept.tolist() == [[0, 0, 10, 10]]


def test_those_of_one_view_are_left_alone() -> None:
    alone = ranked((0.9, [0.0, 0, 10, 10]), (0.8, [0.0, 0, 10, 10]))
    assert united([alone], SETTINGS) is alone.boxes
    assert united([ranked(), ranked()], SETTINGS).shape == (0, 4)


GRIDS = {100: torch.tensor([[0.0, 1], [0, 1]]), 200: torch.tensor([[0.5, 0.5], [0.5, 0]])}
BOXES = torch.tensor([[20.0, 20, 60, 60], [60.0, 60, 90, 90]])
VOTED = [[0.25, 0.75], [0, 0.75]]


@pytest.mark.parametrize(
    ("short_sides", "grids", "quality"),
    [
        (None, [VOTED, VOTED], [0.75, 0.75]),
        ([100, 200], [[[0, 1], [0, 1]], [[0.5, 0.5], [0, 0.5]]], [0.5, 1.0]),
        ([200, 200], [[[0.5, 0.5], [0, 0.5]]] * 2, [1.0, 1.0]),
    ],
)
def test_masks_are_means_of_the_views_that_are_asked(
    short_sides: list[int] | None, grids: list[Any], quality: list[float]
) -> None:
    sides = None if short_sides is None else torch.tensor(short_sides)
    given = GivenBoxes(BOXES, torch.tensor([0, 1]), (100, 100), sides)
    toy = cast(Engine, Toy(Heads({}, GRIDS), {}))
    (found,) = averaged_masks(toy, [SMALL, LARGE], [given])
    torch.testing.assert_close(found.probabilities, torch.tensor(grids, dtype=torch.float32))
    torch.testing.assert_close(found.quality, torch.tensor(quality))


def test_no_box_needs_no_mask() -> None:
    nothing = GivenBoxes(BOXES[:0], torch.zeros(0, dtype=torch.int64), (100, 100))
    toy = cast(Engine, Toy(Heads({}, GRIDS), {}))
    (found,) = averaged_masks(toy, [SMALL], [nothing])
    assert len(found.probabilities) == len(found.quality) == 0
