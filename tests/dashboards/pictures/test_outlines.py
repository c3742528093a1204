"""Masks on thumbnails, by hand."""

import numpy as np
import pytest

from dashboards.pictures.judging import Shape
from dashboards.pictures.outlines import mask_of, paint
from dashboards.pictures.view import View
from longtail.rle.bitmaps import encode_bitmap

HEIGHT, WIDTH = 40, 480


def shape_of(x: int, y: int, width: int, height: int) -> Shape:
    bitmap = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    bitmap[y : y + height, x : x + width] = True
    return Shape((x, y, width, height), encode_bitmap(bitmap))


def test_a_mask_is_scaled_with_the_picture() -> None:
    whole = View(0, 0, WIDTH, HEIGHT, whole=True)
    mask = mask_of(shape_of(100, 10, 40, 20), HEIGHT, WIDTH, whole)
    assert mask.shape == (20, 240)
    rows, columns = np.nonzero(mask)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (50, 69, 5, 14)


def test_a_box_is_its_own_mask() -> None:
    whole = View(0, 0, WIDTH, HEIGHT, whole=True)
    box = Shape((100.0, 10.0, 40.0, 20.0))
    expected = mask_of(shape_of(100, 10, 40, 20), HEIGHT, WIDTH, whole)
    assert np.array_equal(mask_of(box, HEIGHT, WIDTH, whole), expected)


def test_a_part_shows_what_is_in_it() -> None:
    view = View(100, 0, 340, HEIGHT, whole=False)
    inside = mask_of(shape_of(90, 0, 20, 10), HEIGHT, WIDTH, view)
    assert inside.shape == (40, 240) and inside[:10, :10].all() and inside.sum() == 100
    assert not mask_of(shape_of(0, 0, 20, 10), HEIGHT, WIDTH, view).any()


def test_the_smallest_mask_stays_visible() -> None:
    mask = mask_of(shape_of(101, 11, 1, 1), HEIGHT, WIDTH, View(0, 0, WIDTH, HEIGHT, whole=True))
    assert mask.any()


@pytest.mark.parametrize("dashed", [False, True])
def test_painting_tints_the_inside_and_draws_a_line_around(dashed: bool) -> None:
    pixels = np.full((30, 30, 3), 100.0)
    mask = np.zeros((30, 30), dtype=np.bool_)
    mask[10:20, 10:20] = True
    paint(pixels, mask, (200, 0, 50), tint=0.5, dashed=dashed)
    assert pixels[15, 15].tolist() == [150, 50, 75]
    line = (pixels == (200, 0, 50)).all(axis=2)
    # 36 pixels of its border and 40 beside it.
    assert line.sum() < 76 if dashed else line.sum() == 76
    assert pixels[7, 15].tolist() == [100, 100, 100]
    assert (pixels[8, 15] < 100).all()


def test_without_a_tint_the_inside_is_as_it_was() -> None:
    pixels = np.full((30, 30, 3), 100.0)
    mask = np.zeros((30, 30), dtype=np.bool_)
    mask[10:20, 10:20] = True
    paint(pixels, mask, (200, 0, 50), tint=0.0, dashed=False)
    assert pixels[15, 15].tolist() == [100, 100, 100]
