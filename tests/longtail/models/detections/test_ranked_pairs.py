import pytest
import torch
from torch import Tensor

from longtail.models.detections.ranked_pairs import RankedPairs, ranked_pairs


def _all(parts: list[RankedPairs]) -> list[tuple[int, int, float]]:
    columns = [(p.rows.tolist(), p.labels.tolist(), p.scores.tolist()) for p in parts]
    return [pair for part in columns for pair in zip(*part, strict=True)]


def _plainly(scores: Tensor, threshold: float) -> list[tuple[int, int, float]]:
    """Every pair over the threshold, by falling score, then by proposal and category."""
    pairs = [(p, c, s) for p, row in enumerate(scores.tolist()) for c, s in enumerate(row)]
    return sorted((x for x in pairs if x[2] > threshold), key=lambda x: (-x[2], x[0], x[1]))


@pytest.mark.parametrize("size", [1, 3, 7, 40, 119, 120, 500])
@pytest.mark.parametrize("levels", [2, 5, 10_000])
def test_parts_together_are_a_full_sort_with_ties_in_order(size: int, levels: int) -> None:
    torch.manual_seed(levels)
    scores = (torch.rand(20, 6) * levels).floor() / levels
    parts = list(ranked_pairs(scores, 0.3, size))
    assert _all(parts) == _plainly(scores, 0.3)
    assert all(len(part.rows) == size for part in parts[:-1])


def test_no_pair_is_made_of_no_proposal_or_of_low_scores() -> None:
    assert _all(list(ranked_pairs(torch.zeros(0, 4), 0.0, 10))) == []
    assert _all(list(ranked_pairs(torch.zeros(3, 4), 0.0, 5))) == []


def test_a_score_must_exceed_the_threshold() -> None:
    (part,) = ranked_pairs(torch.tensor([[0.5, 0.50001, 0.4]]), 0.5, 10)
    assert (part.rows.tolist(), part.labels.tolist()) == ([0], [1])
