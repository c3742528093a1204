from collections.abc import Callable

import pytest
import torch

from longtail.losses.logit_adjustment import log_prior, post_hoc_logits
from longtail.losses.norcal import norcal_scores
from longtail.models.classifiers.base import Classifier
from longtail.models.classifiers.seesaw import SeesawClassifier
from longtail.models.classifiers.sigmoid import SigmoidClassifier
from longtail.models.classifiers.softmax import AdjustedSoftmaxClassifier, SoftmaxClassifier
from longtail.models.detections.score_adjustment import logit_adjusted_rows, norcal_rows
from longtail.models.detections.score_rows import ScoreRows, as_they_are

LOGITS = torch.tensor([[2.0, 1.0, 1.5], [0.5, 0.1, 3.0]])
COUNTS = torch.tensor([1000, 10])
SOFTMAX = SoftmaxClassifier(channels=4, num_categories=2)
ADJUSTMENTS = [norcal_rows(COUNTS, 0.6), logit_adjusted_rows(COUNTS, 1.0)]

adjusted = pytest.mark.parametrize("rows", ADJUSTMENTS, ids=lambda rows: rows.name)


def _rows(rows: ScoreRows, logits: torch.Tensor = LOGITS) -> torch.Tensor:
    (found,) = rows(SOFTMAX, logits, [len(logits)])
    return found


def test_norcal_row_is_the_formula_by_hand() -> None:
    # N^-0.5: 1000 and 10 images lower e^2 and e^1; background e^1.5 is left alone.
    found = _rows(norcal_rows(COUNTS, 0.5), LOGITS[:1])
    torch.testing.assert_close(found, torch.tensor([[0.042, 0.154, 0.804]]), rtol=0, atol=6e-4)
    assert torch.equal(found, norcal_scores(LOGITS[:1], COUNTS, 0.5))


def test_logit_adjusted_row_is_the_softmax_of_lowered_logits() -> None:
    # Shares 1000 / 1010 and 10 / 1010: logits 2.00995 and 5.61512 beside background 1.5.
    found = _rows(logit_adjusted_rows(COUNTS, 1.0), LOGITS[:1])
    expected = torch.tensor([[2.00995, 5.61512, 1.5]]).softmax(dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(found, post_hoc_logits(LOGITS[:1], log_prior(COUNTS), 1.0).softmax(dim=1))


@pytest.mark.parametrize("rows", [norcal_rows(COUNTS, 0.0), logit_adjusted_rows(COUNTS, 0.0)])
def test_at_zero_the_scores_are_the_classifiers_bit_for_bit(rows: ScoreRows) -> None:
    torch.manual_seed(0)
    logits = 5 * torch.randn(50, 3)
    assert torch.equal(_rows(rows, logits), SOFTMAX.scores(logits))
    assert torch.equal(_rows(as_they_are, logits), SOFTMAX.scores(logits))


@pytest.mark.parametrize("make", [norcal_rows, logit_adjusted_rows])
def test_equal_counts_change_no_ratio_of_categories(
    make: Callable[[torch.Tensor, float], ScoreRows],
) -> None:
    found, plain = _rows(make(torch.tensor([50, 50]), 0.7)), SOFTMAX.scores(LOGITS)
    torch.testing.assert_close(found[:, 0] / found[:, 1], plain[:, 0] / plain[:, 1])


def test_norcal_with_one_image_of_each_category_changes_nothing() -> None:
    assert torch.equal(_rows(norcal_rows(torch.tensor([1, 1]), 0.7)), SOFTMAX.scores(LOGITS))


@adjusted
def test_rows_sum_to_1_and_rare_categories_gain(rows: ScoreRows) -> None:
    found, plain = _rows(rows), SOFTMAX.scores(LOGITS)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2))
    assert (found[:, 1] / found[:, 0] > plain[:, 1] / plain[:, 0]).all()


@adjusted
def test_no_proposals_have_no_rows(rows: ScoreRows) -> None:
    assert _rows(rows, LOGITS[:0]).shape == (0, 3)


@adjusted
@pytest.mark.parametrize(
    "classifier",
    [SigmoidClassifier(4, 2, 0.01), SeesawClassifier(4, 2, mitigation=1, compensation=1)],
    ids=lambda c: type(c).__name__,
)
def test_what_is_not_one_softmax_is_refused(rows: ScoreRows, classifier: Classifier) -> None:
    with pytest.raises(ValueError, match=rf"{type(classifier).__name__} has no single softmax"):
        rows(classifier, LOGITS, [2])


@adjusted
def test_a_softmax_trained_with_logit_adjustment_is_one(rows: ScoreRows) -> None:
    trained = AdjustedSoftmaxClassifier(4, COUNTS, tau=1.0)
    assert torch.equal(rows(trained, LOGITS, [2])[0], _rows(rows))
