import pytest
import torch

from longtail.models.detections.finite_rows import finite_rows

PROPOSALS = torch.tensor([[0, 0, 10, 10], [5, 5, 20, 20], [0, 0, 900, 60]]).float()
SCORES = torch.full((3, 3), 0.3)
DELTAS = torch.zeros(3, 2, 4)
NAN, INF = float("nan"), float("inf")


def test_nothing_is_dropped_of_finite_heads_and_of_none() -> None:
    assert finite_rows(PROPOSALS, SCORES, DELTAS) is None
    assert finite_rows(PROPOSALS[:0], SCORES[:0], DELTAS[:0]) is None


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("column", [0, 2])
def test_one_bad_score_drops_its_proposal_background_included(value: float, column: int) -> None:
    scores = SCORES.clone()
    scores[1, column] = value
    kept = finite_rows(PROPOSALS, scores, DELTAS)
    assert kept is not None and kept.tolist() == [0, 2]


@pytest.mark.parametrize("value", [NAN, INF, -INF, 3e38])
def test_one_bad_box_drops_its_proposal_whatever_the_category(value: float) -> None:
    deltas = DELTAS.clone()
    deltas[2, 1, 0] = value
    kept = finite_rows(PROPOSALS, SCORES, deltas)
    assert kept is not None and kept.tolist() == [0, 1]


def test_a_size_delta_that_decodes_to_a_finite_box_is_no_fault() -> None:
    # The log of a size is bounded above, and below it a box without area is left: detectron2
    # judges decoded boxes too.
    deltas = DELTAS.clone()
    deltas[0, 0, 2], deltas[1, 0, 3] = INF, -INF
    assert finite_rows(PROPOSALS, SCORES, deltas) is None


def test_a_bad_proposal_is_dropped() -> None:
    proposals = PROPOSALS.clone()
    proposals[0, 3] = INF
    kept = finite_rows(proposals, SCORES, DELTAS)
    assert kept is not None and kept.tolist() == [1, 2]
