import numpy as np
import pycocotools.mask
import pytest

from ensemble.sources.filters import (
    EMPTY_BOX,
    EMPTY_MASK,
    LOW_SCORE,
    NO_MASK,
    OTHER_CATEGORY,
    OTHER_SIZE,
    TAKES_PART,
    box_shares,
    filter_reasons,
    has_foreground,
)
from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import encode, pack

HEIGHT, WIDTH = 4, 5


def columns(boxes: list[list[float]], scores: list[float], masks: list[bytes]) -> DetectionColumns:
    ones = np.ones(len(boxes), np.int64)
    counts, offsets = pack(masks)
    return DetectionColumns(
        image_id=ones,
        category_id=ones,
        score=np.array(scores),
        score_mask=np.array(scores),
        boxes=np.array(boxes, np.float64).reshape(-1, 4),
        heights=ones * HEIGHT,
        widths=ones * WIDTH,
        counts=counts,
        counts_offsets=offsets,
    )


def coco(mask: np.ndarray) -> bytes:
    counts = pycocotools.mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    assert isinstance(counts, bytes)
    return counts


def outcomes(detections: DetectionColumns, score_thr: float) -> list[int]:
    everything = np.ones(len(detections), np.bool_)
    found = filter_reasons(detections, box_shares(detections), score_thr, everything, everything)
    return found.tolist()


EMPTY = coco(np.zeros((HEIGHT, WIDTH)))
FULL = coco(np.ones((HEIGHT, WIDTH)))
BOX = [0.0, 0.0, 2.0, 2.0]


def test_every_outcome_is_named() -> None:
    detections = columns(
        [BOX, BOX, BOX, BOX, [1.0, 1.0, 0.0, 2.0], [5.0, 0.0, 2.0, 2.0]],
        [0.5, 0.05, 0.5, 0.5, 0.5, 0.5],
        [FULL, FULL, b"", EMPTY, FULL, FULL],
    )
    assert outcomes(detections, 0.1) == [
        TAKES_PART,
        LOW_SCORE,
        NO_MASK,
        EMPTY_MASK,
        EMPTY_BOX,
        EMPTY_BOX,
    ]


def test_category_and_size_that_a_source_is_not_trusted_with_leave() -> None:
    detections = columns([BOX] * 4, [0.5] * 4, [FULL] * 3 + [EMPTY])
    known, fits = np.array([True, False, True, False]), np.array([True, True, False, True])
    found = filter_reasons(detections, box_shares(detections), 0.1, known, fits)
    assert found.tolist() == [TAKES_PART, OTHER_CATEGORY, OTHER_SIZE, EMPTY_MASK]


def test_sources_with_boxes_only_need_no_mask() -> None:
    detections = columns([BOX] * 4, [0.5, 0.5, 0.05, 0.5], [b"", b"", b"", EMPTY])
    everything, boxes_only = np.ones(4, np.bool_), np.array([True, False, True, False])
    shares = box_shares(detections)
    found = filter_reasons(detections, shares, 0.1, everything, everything, boxes_only)
    assert found.tolist() == [TAKES_PART, NO_MASK, LOW_SCORE, EMPTY_MASK]


def test_score_at_the_threshold_takes_part() -> None:
    detections = columns([BOX], [0.1], [FULL])
    assert outcomes(detections, 0.1) == [TAKES_PART]


def test_no_detections() -> None:
    detections = columns([], [], [])
    assert outcomes(detections, 0.0) == []


def test_shares_are_of_width_then_height_and_stay_in_the_image() -> None:
    detections = columns([[1.0, 1.0, 2.0, 2.0], [-1.0, 3.0, 3.0, 9.0]], [0.5, 0.5], [FULL, FULL])
    expected = [[0.2, 0.25, 0.6, 0.75], [0.0, 0.75, 0.4, 1.0]]
    np.testing.assert_allclose(box_shares(detections), expected)


@pytest.mark.parametrize("density", [0.0, 0.05, 0.5, 1.0])
def test_foreground_is_seen_as_by_pycocotools(density: float) -> None:
    random = np.random.default_rng(0)
    masks = [coco(random.random((HEIGHT, WIDTH)) < density) for _ in range(50)]
    areas = [pycocotools.mask.area({"size": [HEIGHT, WIDTH], "counts": counts}) for counts in masks]
    assert has_foreground(*pack(masks)).tolist() == [area > 0 for area in areas]


def test_runs_of_no_pixels_do_not_hide_the_foreground() -> None:
    blank = encode(np.array([5, 0, 10, 0, 5]))
    late = encode(np.array([5, 0, 10, 0, 3, 2]))
    assert has_foreground(*pack([blank, late])).tolist() == [False, True]
