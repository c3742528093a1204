"""Which part of a picture a thumbnail shows."""

import pytest

from dashboards.pictures.judging import Shape
from dashboards.pictures.view import LONGEST, View, view_of

SHAPES = [
    [Shape((5, 5, 10, 10))],
    [Shape((0, 0, 3, 300))],
    [Shape((600, 400, 40, 80)), Shape((500, 300, 40, 80))],
    [Shape((639, 479, 1, 1))],
]


def test_nothing_to_see_is_the_whole_picture() -> None:
    assert view_of([], 480, 640) == View(0, 0, 640, 480, whole=True)


@pytest.mark.parametrize("shapes", SHAPES)
def test_a_part_holds_all_shapes_and_lies_in_the_picture(shapes: list[Shape]) -> None:
    view = view_of(shapes, 480, 640)
    assert not view.whole
    assert 0 <= view.left < view.right <= 640 and 0 <= view.top < view.bottom <= 480
    for x, y, width, height in (shape.box for shape in shapes):
        assert view.left <= x and x + width <= view.right
        assert view.top <= y and y + height <= view.bottom


def test_shapes_all_over_a_picture_are_shown_whole() -> None:
    view = view_of([Shape((0, 0, 9, 9)), Shape((600, 400, 9, 9))], 480, 640)
    assert view.whole and view.size == (240, 180)


def test_boxes_that_leave_the_picture_do_not_take_the_view_along() -> None:
    view = view_of([Shape((-50, -50, 90, 90))], 480, 640)
    assert (view.left, view.top) == (0, 0)
    assert view.right <= 640 and view.bottom <= 480


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4000), (480, 640), (59, 58)])
def test_thumbnails_are_no_longer_than_allowed(height: int, width: int) -> None:
    view = view_of([], height, width)
    assert max(view.size) <= LONGEST and min(view.size) >= 1
