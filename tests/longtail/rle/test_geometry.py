import numpy as np
import pycocotools.mask as coco_mask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from longtail.rle.bitmaps import encode_bitmap
from longtail.rle.codec import decode, decode_many, pack
from longtail.rle.geometry import areas, boxes, intersection

HEIGHT, WIDTH = 9, 7
BITMAPS = hnp.arrays(np.bool_, (HEIGHT, WIDTH))
Runs = tuple[NDArray[np.int64], NDArray[np.int64]]


def runs_of(bitmaps: list[np.ndarray]) -> Runs:
    return decode_many(*pack([encode_bitmap(bitmap) for bitmap in bitmaps]))


def coco_rles(bitmaps: list[np.ndarray]) -> list[dict[str, object]]:
    return [coco_mask.encode(np.asfortranarray(bitmap.astype(np.uint8))) for bitmap in bitmaps]


def one_pixel(row: int, column: int) -> np.ndarray:
    bitmap = np.zeros((HEIGHT, WIDTH), dtype=bool)
    bitmap[row, column] = True
    return bitmap


@settings(deadline=None)
@given(st.lists(BITMAPS, min_size=1, max_size=5))
def test_areas_and_boxes_equal_those_of_pycocotools(bitmaps: list[np.ndarray]) -> None:
    runs, offsets = runs_of(bitmaps)
    heights = np.full(len(bitmaps), HEIGHT)
    assert np.array_equal(areas(runs, offsets), coco_mask.area(coco_rles(bitmaps)))
    assert np.array_equal(boxes(runs, offsets, heights), coco_mask.toBbox(coco_rles(bitmaps)))


@settings(deadline=None)
@given(st.lists(BITMAPS, min_size=1, max_size=4), st.lists(BITMAPS, min_size=1, max_size=4))
def test_areas_and_intersections_give_the_iou_of_pycocotools(
    first: list[np.ndarray], second: list[np.ndarray]
) -> None:
    common = np.array(
        [
            [intersection(decode(encode_bitmap(a)), decode(encode_bitmap(b))) for b in second]
            for a in first
        ]
    )
    union = areas(*runs_of(first))[:, None] + areas(*runs_of(second)) - common
    # Masks without a pixel have an IoU of 0 with every mask.
    ours = common / np.maximum(union, 1)
    expected = coco_mask.iou(coco_rles(first), coco_rles(second), [0] * len(second))
    assert np.array_equal(ours, expected)


@settings(deadline=None)
@given(BITMAPS, BITMAPS)
def test_intersection_counts_the_common_pixels(a: np.ndarray, b: np.ndarray) -> None:
    assert intersection(decode(encode_bitmap(a)), decode(encode_bitmap(b))) == (a & b).sum()


@pytest.mark.parametrize(
    ("bitmap", "box"),
    [
        pytest.param(np.zeros((HEIGHT, WIDTH), dtype=bool), [0, 0, 0, 0], id="empty"),
        pytest.param(np.ones((HEIGHT, WIDTH), dtype=bool), [0, 0, WIDTH, HEIGHT], id="full"),
        pytest.param(one_pixel(5, 3), [3, 5, 1, 1], id="one pixel"),
        pytest.param(one_pixel(HEIGHT - 1, 0), [0, HEIGHT - 1, 1, 1], id="last row"),
        pytest.param(np.eye(HEIGHT, WIDTH, k=2) > 0, [2, 0, 5, 5], id="diagonal"),
    ],
)
def test_boxes_of_plain_masks_are_tight(bitmap: np.ndarray, box: list[float]) -> None:
    assert boxes(*runs_of([bitmap]), np.array([HEIGHT])).tolist() == [box]


def test_a_run_over_two_columns_ends_spans_the_whole_height() -> None:
    bitmap = one_pixel(HEIGHT - 1, 2) | one_pixel(0, 3)
    assert boxes(*runs_of([bitmap]), np.array([HEIGHT])).tolist() == [[2, 0, 2, HEIGHT]]


def test_empty_runs_change_neither_area_nor_box() -> None:
    plain, padded = np.array([9, 3, 51]), np.array([9, 1, 0, 2, 20, 0, 31])
    runs, offsets = np.concatenate([plain, padded]), np.array([0, 3, 10])
    assert areas(runs, offsets).tolist() == [3, 3]
    assert boxes(runs, offsets, np.array([9, 9])).tolist() == [[1, 0, 1, 3]] * 2
    assert intersection(plain, padded) == 3


def test_more_than_255_masks_have_areas() -> None:
    runs, offsets = runs_of([one_pixel(0, 0)] * 300)
    assert areas(runs, offsets).sum() == 300
