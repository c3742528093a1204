"""The rules on a worked example: a proposal's two rows, whose first two categories are the tail."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from longtail.models.classifiers.calibrated import CalibratedClassifier
from longtail.models.classifiers.softmax import SoftmaxClassifier
from longtail.models.detections.head_merge import BackgroundMeans, BackgroundSums, MergedRows, Rule

# Background, which report and example write first, is last here.
ORIGINAL = [0.05, 0.02, 0.30, 0.13, 0.50]
NEW = [0.40, 0.25, 0.10, 0.05, 0.20]
TAIL = torch.tensor([True, True, False, False])


class _GivenRows(CalibratedClassifier):
    """Both classifiers' scores are its logits."""

    def __init__(self) -> None:
        nn.Module.__init__(self)

    def original_scores(self, logits: Tensor) -> Tensor:
        return logits[:, : logits.shape[1] // 2]

    def new_scores(self, logits: Tensor) -> Tensor:
        return logits[:, logits.shape[1] // 2 :]


MERGE = MergedRows(
    rule="cat", tail=TAIL, threshold=0.05, scale="new_over_original", means="of the image"
)


def _merged(merge: MergedRows, *pairs: tuple[list[float], list[float]]) -> tuple[Tensor, ...]:
    """Of one image's proposals."""
    logits = torch.tensor([o + n for o, n in pairs]).view(len(pairs), 10)
    return merge(_GivenRows(), logits, [len(pairs)])


def _require_row(found: tuple[Tensor, ...], *rows: list[float]) -> None:
    torch.testing.assert_close(found, (torch.tensor(rows),))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("only", NEW),
        ("avg", [0.225, 0.135, 0.20, 0.09, 0.35]),
        ("cat", [0.40, 0.25, 0.30, 0.13, 0.50]),
        ("cat_scale", [0.16, 0.10, 0.30, 0.13, 0.50]),
    ],
)
def test_worked_example(rule: Rule, expected: list[float]) -> None:
    _require_row(_merged(replace(MERGE, rule=rule), (ORIGINAL, NEW)), expected)


def test_both_rows_are_detected_by_themselves() -> None:
    rows = _merged(replace(MERGE, rule="det"), (ORIGINAL, NEW))
    torch.testing.assert_close(rows, (torch.tensor([ORIGINAL]), torch.tensor([NEW])))


def test_new_scores_at_or_below_the_threshold_become_zero() -> None:
    merge = replace(MERGE, rule="cat_thr", threshold=0.25)
    _require_row(_merged(merge, (ORIGINAL, NEW)), [0.40, 0.0, 0.30, 0.13, 0.50])
    _require_row(
        _merged(replace(merge, threshold=0), (ORIGINAL, NEW)), [0.40, 0.25, 0.30, 0.13, 0.50]
    )


def test_original_over_new_makes_new_scores_larger_and_at_most_1() -> None:
    merge = replace(MERGE, rule="cat_scale", scale="original_over_new")
    _require_row(_merged(merge, (ORIGINAL, NEW)), [1.0, 0.625, 0.30, 0.13, 0.50])


def test_measured_means_hold_for_every_image() -> None:
    means = BackgroundMeans(original=0.8, new=0.6)
    for scale, factor in (("new_over_original", 0.75), ("original_over_new", 4 / 3)):
        merge = replace(MERGE, rule="cat_scale", means=means, scale=scale)
        expected = [0.40 * factor, 0.25 * factor, 0.30, 0.13, 0.50]
        _require_row(_merged(merge, (ORIGINAL, NEW), (ORIGINAL, NEW)), expected, expected)


def test_means_of_an_image_are_of_its_own_proposals() -> None:
    other_o, other_n = [0.1, 0.1, 0.1, 0.1, 0.6], [0.4, 0.1, 0.1, 0.1, 0.3]
    logits = torch.tensor([ORIGINAL + NEW, other_o + other_n, ORIGINAL + NEW])
    (rows,) = replace(MERGE, rule="cat_scale")(_GivenRows(), logits, [0, 1, 2])
    first, second = 0.2 / 0.5, (0.3 + 0.2) / (0.6 + 0.5)
    expected = torch.tensor([0.40 * first, 0.40 * second, 0.40 * second])
    torch.testing.assert_close(rows[:, 0], expected)


def test_means_that_nobody_measured_are_an_error() -> None:
    merge = replace(MERGE, rule="cat_scale", means=None)
    assert merge.needs_means
    assert not replace(merge, rule="cat").needs_means
    with pytest.raises(ValueError, match=r"cat_scale: the mean .* set scale_images to 0"):
        _merged(merge, (ORIGINAL, NEW))


def test_a_background_mean_of_zero_keeps_the_ratio_finite() -> None:
    assert BackgroundMeans(0.0, 0.5).ratio("new_over_original") == pytest.approx(5e5)
    assert BackgroundMeans(0.0, 0.0).ratio("original_over_new") == 1


@pytest.mark.parametrize("rule", ["avg", "cat", "cat_thr", "cat_scale"])
def test_two_equal_heads_are_the_original_one(rule: Rule) -> None:
    merge = replace(MERGE, rule=rule, threshold=0.0)
    _require_row(_merged(merge, (ORIGINAL, ORIGINAL), (NEW, NEW)), ORIGINAL, NEW)


@pytest.mark.parametrize("tail", [True, False])
def test_a_tail_of_all_or_no_categories_is_one_head_but_for_background(tail: bool) -> None:
    merge = replace(MERGE, tail=torch.full((4,), tail))
    _require_row(_merged(merge, (ORIGINAL, NEW)), [*(NEW if tail else ORIGINAL)[:4], ORIGINAL[4]])


@pytest.mark.parametrize("rule", ["only", "avg", "det", "cat", "cat_thr", "cat_scale"])
def test_no_proposals_have_no_rows(rule: Rule) -> None:
    assert all(rows.shape == (0, 5) for rows in _merged(replace(MERGE, rule=rule)))


def test_another_classifier_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        MERGE(SoftmaxClassifier(2, 4), torch.zeros(1, 10), [1])


@pytest.mark.parametrize("rule", ["only", "avg", "cat", "cat_thr", "cat_scale"])
def test_nan_of_the_new_head_shows_in_its_own_row_alone(rule: Rule) -> None:
    bad = [float("nan")] * 5
    (rows,) = _merged(replace(MERGE, rule=rule), (ORIGINAL, NEW), (ORIGINAL, bad))
    (alone,) = _merged(replace(MERGE, rule=rule), (ORIGINAL, NEW))
    torch.testing.assert_close(rows[:1], alone)
    assert not rows[1].isfinite().all()


def test_a_row_without_numbers_counts_in_neither_background_mean() -> None:
    original, new = torch.tensor([0.5, float("nan"), 0.3]), torch.tensor([0.2, 0.9, 0.4])
    means = BackgroundSums().plus(original, new).plus(original[:0], new[:0]).means()
    assert means.original == pytest.approx(0.4) and means.new == pytest.approx(0.3)
    assert BackgroundSums().plus(original[1:2], new[1:2]).means() == BackgroundMeans(0.0, 0.0)
