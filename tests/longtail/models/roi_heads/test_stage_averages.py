"""The scores of all stages as one row, against numbers computed by hand."""

import math
from typing import Any

import pytest
import torch
from support.models.toy_heads import SIZE, K, always, toy_features, toy_heads
from torch import Tensor

from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Double,
    Sigmoid,
    Softmax,
)
from longtail.config.roi_stages import Cascade
from longtail.config.scores import HeadMerge
from longtail.models.roi_heads.heads import RoIHeads


def _rows(heads: RoIHeads) -> tuple[Tensor, ...]:
    """The rows of scores of one proposal."""
    with torch.no_grad():
        branch = heads.eval().box_branch
        return branch.outputs(
            toy_features(), [torch.tensor([[4.0, 4, 24, 22]])], [SIZE], heads.score_rows
        ).rows


def _logits(heads: RoIHeads, layer: str, **of_stages: list[float]) -> None:
    """Logits of a layer of each stage: `first`, `second` and `third`; 0 where not given."""
    for number, name in enumerate(("first", "second", "third")):
        linear = f"classifier.{number}.{layer}"
        zeros = [0.0] * len(heads.get_parameter(f"{linear}.bias"))
        always(heads, linear, of_stages.get(name, zeros))


@pytest.mark.parametrize(
    ("averaged", "rare", "others"),
    [
        # exp(3 log 2 / 3) beside five of 1; the mean of 8 / 13, 1 / 6 and 1 / 6.
        ("logits", 2 / 7, 1 / 7),
        ("probabilities", (8 / 13 + 1 / 3) / 3, (1 / 13 + 1 / 3) / 3),
    ],
)
def test_worked_averages_of_a_softmax(averaged: Any, rare: float, others: float) -> None:
    heads = toy_heads(Cascade(averaged=averaged))
    _logits(heads, "linear", second=[3 * math.log(2), *[0.0] * K])
    (row,) = _rows(heads)
    assert row[0].tolist() == pytest.approx([rare] + [others] * K)


@pytest.mark.parametrize(
    ("averaged", "score"), [("logits", 2 / 3), ("probabilities", (8 / 9 + 1 / 2 + 1 / 2) / 3)]
)
def test_worked_averages_of_a_sigmoid(averaged: Any, score: float) -> None:
    heads = toy_heads(Cascade(averaged=averaged), Sigmoid())
    _logits(heads, "linear", first=[3 * math.log(2), 0, 0, 0, 0])
    (row,) = _rows(heads)
    assert row[0, :2].tolist() == pytest.approx([score, 1 / 2])


def test_balanced_groups_average_logits_before_they_are_groups() -> None:
    # Category 4 has 6 instances and a group of its own; each group has "others", 4 logits in all,
    # and background and foreground end the row.
    heads = toy_heads(Cascade(), BalancedGroupSoftmax())
    head = [3 * math.log(4), 0, 0, 0, 0]
    _logits(
        heads,
        "linear",
        first=[*head, 0, 0, 0, 0, 0, 0],
        third=[*[0.0] * 5, 0, 0, 0, 0, 0, 3 * math.log(3)],
    )
    (row,) = _rows(heads)
    # Foreground 3 / 4; of it 4 / 8, three times 1 / 8, and 1 / 2 of the other group.
    expected = [3 / 8, 3 / 32, 3 / 32, 3 / 32, 3 / 8, 1 / 4]
    assert row[0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("averaged", ["logits", "probabilities"])
def test_a_double_classifier_averages_probabilities_in_any_case(averaged: Any) -> None:
    heads = toy_heads(Cascade(averaged=averaged), Double(first=Softmax(), second=Softmax()))
    _logits(heads, "first.linear", first=[math.log(5), *[0.0] * K])
    _logits(heads, "second.linear", third=[math.log(15), *[0.0] * K])
    (row,) = _rows(heads)
    # 5 / 10 and 15 / 20 among four sixths, each half of a third.
    expected = [(1 / 2 + 3 / 4 + 4 / 6) / 6] + [(1 / 10 + 1 / 20 + 4 / 6) / 6] * K
    assert row[0].tolist() == pytest.approx(expected)


ORIGINAL, NEW = [0.5] + [0.1] * 5, [0.05] * 4 + [0.75, 0.05]


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        (HeadMerge(rule="only"), [NEW]),
        (HeadMerge(rule="avg"), [[0.275, 0.075, 0.075, 0.075, 0.425, 0.075]]),
        (HeadMerge(rule="det"), [ORIGINAL, NEW]),
        (HeadMerge(rule="cat", tail_below=10), [[0.5, 0.1, 0.1, 0.1, 0.75, 0.1]]),
        (HeadMerge(rule="cat_thr", tail_below=20, threshold=0.1), [[0.5, 0.1, 0.1, 0, 0.75, 0.1]]),
        (
            HeadMerge(rule="cat_scale", tail_below=10, scale_images=0),
            [[0.5, 0.1, 0.1, 0.1, 0.375, 0.1]],
        ),
    ],
    ids=lambda value: value.rule if isinstance(value, HeadMerge) else "",
)
def test_a_calibrated_classifier_averages_both_logits_then_merges(
    merge: HeadMerge, expected: list[list[float]]
) -> None:
    heads = toy_heads(Cascade(), Calibrated(), head_merge=merge)
    # Averages log 5 and log 15: 5 / 10 and 15 / 20. Categories 3 and 4
    # have 12 and 6 instances.
    _logits(heads, "original.linear", first=[3 * math.log(5), *[0.0] * K])
    _logits(heads, "new.linear", second=[0.0, 0, 0, 0, 3 * math.log(15), 0])
    rows = _rows(heads)
    assert len(rows) == len(expected)
    for row, by_hand in zip(rows, expected, strict=True):
        assert row[0].tolist() == pytest.approx(by_hand)


def test_rules_of_a_calibrated_classifier_are_averaged_over_the_stages_as_probabilities() -> None:
    heads = toy_heads(
        Cascade(averaged="probabilities"), Calibrated(), head_merge=HeadMerge(rule="avg")
    )
    _logits(heads, "original.linear", first=[math.log(5), *[0.0] * K])
    _logits(heads, "new.linear", second=[math.log(15), *[0.0] * K])
    (row,) = _rows(heads)
    expected = ((1 / 2 + 1 / 6) / 2 + (1 / 6 + 3 / 4) / 2 + 1 / 6) / 3
    assert row[0, 0].item() == pytest.approx(expected)
