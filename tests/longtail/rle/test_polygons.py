import numpy as np
import pycocotools.mask as coco_mask
import pytest

from longtail.rle.bitmaps import decode_bitmap
from longtail.rle.polygons import polygons_to_rle

SQUARE = [1.0, 1.0, 5.0, 1.0, 5.0, 4.0, 1.0, 4.0]


def test_a_rectangle_on_pixel_borders_covers_its_pixels() -> None:
    bitmap = decode_bitmap(polygons_to_rle([SQUARE], 6, 8), 6, 8)
    assert np.array_equal(np.argwhere(bitmap).min(axis=0), [1, 1])
    assert np.array_equal(np.argwhere(bitmap).max(axis=0), [3, 4])
    assert bitmap.sum() == 12


def test_several_polygons_become_their_union() -> None:
    other = [4.0, 2.0, 7.0, 2.0, 7.0, 6.0]
    union = coco_mask.merge(coco_mask.frPyObjects([SQUARE, other], 6, 8))
    assert polygons_to_rle([SQUARE, other], 6, 8) == union["counts"]


def test_points_may_come_as_rows() -> None:
    assert polygons_to_rle([np.reshape(SQUARE, (-1, 2))], 6, 8) == polygons_to_rle([SQUARE], 6, 8)


@pytest.mark.parametrize(
    ("polygons", "text"),
    [
        pytest.param([], "no polygon", id="empty list"),
        pytest.param([[]], "0 numbers", id="empty polygon"),
        pytest.param([[1.0, 1.0, 5.0, 5.0]], "4 numbers", id="two points, a box to pycocotools"),
        pytest.param([SQUARE, SQUARE[:7]], "polygon 1 has 7 numbers", id="odd count"),
        pytest.param([[*SQUARE, 0.0, float("nan")]], "not finite", id="NaN"),
        pytest.param([[*SQUARE, 0.0, 1e300]], "far off", id="point far off the image"),
    ],
)
def test_unusable_polygons_are_named(polygons: list[list[float]], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        polygons_to_rle(polygons, 6, 8)


def test_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="0 x 8"):
        polygons_to_rle([SQUARE], 8, 0)
