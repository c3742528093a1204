"""Which annotations verify nothing, and how many detections are judged in words."""

import json
from pathlib import Path
from typing import Any

import pytest

from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.annotations.judged_share import (
    NOTHING_ABSENT,
    judged_by_kind,
    judged_text,
    unverified,
)


def truth_of(
    path: Path, absent: list[list[int]], present: list[list[int]], exhaustive: bool = False
) -> GroundTruth:
    """Images of two categories: those absent from each, and those in it."""
    size = {"height": 10, "width": 10}
    lists = [{"neg_category_ids": ids, "not_exhaustive_category_ids": []} for ids in absent]
    categories = [
        {"id": k, "name": str(k), "frequency": "r", "image_count": 1, "instance_count": 9}
        for k in (1, 2)
    ]
    tree: dict[str, Any] = {
        "images": [{"id": i, **size, **of} for i, of in enumerate(lists, start=1)],
        "categories": categories,
        "annotations": [
            {"id": 10 * i + k, "image_id": i, "category_id": k, "bbox": [0, 0, 5, 5], "area": 25}
            for i, of in enumerate(present, start=1)
            for k in of
        ],
    }
    path.write_text(json.dumps(tree))
    return read_ground_truth(path, exhaustive=exhaustive)


def test_empty_lists_verify_nothing_unless_the_labels_are_exhaustive(tmp_path: Path) -> None:
    of = tmp_path / "ann.json", [[], []], [[1], [2]]
    assert unverified(truth_of(*of)) == (NOTHING_ABSENT,)
    assert unverified(truth_of(*of, exhaustive=True)) == ()


def test_one_absent_category_is_enough(tmp_path: Path) -> None:
    assert unverified(truth_of(tmp_path / "ann.json", [[2], []], [[1], [2]])) == ()


def test_nothing_is_to_be_verified_where_every_category_is_present(tmp_path: Path) -> None:
    assert unverified(truth_of(tmp_path / "ann.json", [[], []], [[1, 2], [2, 1]])) == ()


def test_a_listed_category_that_is_present_verifies_nothing(tmp_path: Path) -> None:
    assert unverified(truth_of(tmp_path / "ann.json", [[1], [2]], [[1], [2]])) == (NOTHING_ABSENT,)


@pytest.mark.parametrize(
    ("counts", "text"),
    [((114, 69), "69 of 114 detections judged"), ((5, 5), "all 5 detections judged")],
)
def test_all_or_some_are_judged(counts: tuple[int, int], text: str) -> None:
    assert judged_text(*counts) == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((114, 69, 69), "69 of 114 detections judged"),
        ((114, 0, 69), "69 of 114 detections judged by their boxes, none by a mask"),
        (
            (1140, 1000, 1001),
            "1,000 of 1,140 detections judged by their masks, 1,001 by their boxes",
        ),
        ((0, 0, 0), "no detections"),
    ],
)
def test_masks_and_boxes_are_told_apart_where_they_differ(
    numbers: tuple[int, int, int], text: str
) -> None:
    names = "detections", "judged_masks", "judged_boxes"
    assert judged_by_kind(dict(zip(names, numbers, strict=True))) == text
