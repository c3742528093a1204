"""What the detections of the views of one image become, by hand."""

from typing import Any

import numpy as np
import pytest

from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.suppression import HardNMS, NMSThenSoftNMS, SoftNMS
from longtail.config.test_time.tta import TTA
from longtail.inference.tta.union import UnionOfViews
from longtail.predictions.columns import DetectionColumns

CATEGORY_IDS = np.array([3, 7, 9])
GROUPS = np.array([0, 1, 2])
"""3 is rare, 7 common, 9 frequent."""
TWO = (ViewScale(short_side=600), ViewScale(short_side=800))


def columns(*rows: tuple[int, float, tuple[float, float, float, float]]) -> DetectionColumns:
    """Detections of one image from category, score and box x, y, width, height."""
    count = len(rows)
    scores = np.array([score for _, score, _ in rows], np.float64)
    return DetectionColumns(
        image_id=np.full(count, 5),
        category_id=np.array([category for category, _, _ in rows], np.int64),
        score=scores,
        score_mask=scores / 2,
        boxes=np.array([box for _, _, box in rows], np.float64).reshape(-1, 4),
        heights=np.full(count, 100),
        widths=np.full(count, 100),
        counts=np.frombuffer(b"0" * count, np.uint8),
        counts_offsets=np.arange(count + 1),
    )


def united(*views: DetectionColumns, quota: int = 10, **changes: Any) -> DetectionColumns:
    tta = TTA.model_validate({"scales": TWO, "horizontal_flip": False, **changes})
    groups = GROUPS if tta.rare_margin else None
    return UnionOfViews(tta, 1e-4, quota, CATEGORY_IDS, groups).of_image(views)


SQUARE, WIDE, FLAT = (0, 0, 10, 10), (0, 0, 10, 8), (0, 0, 10, 4)
"""IoU with the first: 0.8 and 0.4; of the others 0.5."""


@pytest.mark.parametrize(
    ("suppression", "expected"),
    [
        (HardNMS(), [0.9, 0.7]),
        (SoftNMS(decay="linear"), [0.9, 0.7, 0.16]),
        (SoftNMS(), [0.9, 0.508304, 0.134911]),
        (NMSThenSoftNMS(first_iou=0.7), [0.9, 0.7 * np.exp(-0.32)]),
        (NMSThenSoftNMS(first_iou=0.8), [0.9, 0.508304, 0.134911]),
    ],
)
def test_boxes_of_two_views_suppress_each_other(suppression: Any, expected: list[float]) -> None:
    first = columns((9, 0.9, SQUARE), (9, 0.7, FLAT))
    found = united(first, columns((9, 0.8, WIDE)), suppression=suppression)
    np.testing.assert_allclose(found.score, expected, atol=1e-6)
    np.testing.assert_allclose(found.score_mask, found.score / 2)
    assert found.boxes[0].tolist() == list(SQUARE) and found.boxes[1].tolist() == list(FLAT)


def test_at_exactly_the_threshold_both_stay() -> None:
    found = united(columns((9, 0.9, SQUARE)), columns((9, 0.8, WIDE)), suppression=HardNMS(iou=0.8))
    assert len(found) == 2


def test_categories_do_not_suppress_each_other() -> None:
    assert len(united(columns((9, 0.9, SQUARE)), columns((7, 0.8, SQUARE)))) == 2


def test_a_scale_keeps_its_sizes_from_the_smallest_to_below_the_largest() -> None:
    scales = (TWO[0].replace(smallest=8), TWO[1].replace(largest=8))
    sizes = [(7, 7), (8, 8), (4, 16), (4, 15.9)]
    boxes = [(20 * i, 0, width, height) for i, (width, height) in enumerate(sizes)]
    small = columns(*[(9, 0.9 - 0.1 * i, box) for i, box in enumerate(boxes)])
    large = columns(*[(7, 0.5 - 0.1 * i, box) for i, box in enumerate(boxes)])
    found = united(small, large, scales=scales)
    kept = list(zip(found.category_id.tolist(), found.boxes[:, 0].tolist(), strict=True))
    assert kept == [(9, 20.0), (9, 40.0), (7, 0.0), (7, 60.0)]


@pytest.mark.parametrize(
    ("margins", "kept"), [({}, [9]), ({"rare_margin": 0.1, "common_margin": 0.05}, [3])]
)
def test_margins_give_places_and_leave_scores(margins: dict[str, float], kept: list[int]) -> None:
    # With margins 0.52, 0.47 and 0.50.
    views = columns((3, 0.42, SQUARE), (7, 0.42, SQUARE)), columns((9, 0.5, SQUARE))
    found = united(*views, quota=1, **margins)
    assert found.category_id.tolist() == kept
    assert found.score.tolist() == [{9: 0.5, 3: 0.42}[kept[0]]]


def test_the_result_is_by_falling_score_whatever_the_margins() -> None:
    views = columns((3, 0.42, SQUARE), (7, 0.42, SQUARE)), columns((9, 0.5, SQUARE))
    found = united(*views, quota=2, rare_margin=0.1, common_margin=0.05)
    assert found.category_id.tolist() == [9, 3]


def test_of_equal_scores_the_earlier_view_comes_first() -> None:
    first, second = columns((7, 0.5, SQUARE), (3, 0.5, SQUARE)), columns((9, 0.5, SQUARE))
    assert united(first, second).category_id.tolist() == [7, 3, 9]
    assert united(first, second, quota=1).category_id.tolist() == [7]
    assert united(second, first).category_id.tolist() == [9, 7, 3]


def test_scores_that_fall_to_the_threshold_are_dropped() -> None:
    # The slow decay would leave 0.2 * 1e-4.
    softening = SoftNMS(decay="linear", min_score=0.0)
    views = columns((9, 0.9, SQUARE)), columns((9, 2e-4, WIDE), (7, 1e-4, SQUARE))
    assert united(*views, suppression=softening).score.tolist() == [0.9]


def test_an_image_without_detections_has_none() -> None:
    assert len(united(columns(), columns())) == 0
    assert united(columns(), columns((9, 0.5, SQUARE))).score.tolist() == [0.5]
