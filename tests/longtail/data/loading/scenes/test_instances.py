"""What is left of instances when a picture changes, by numbers computed by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from support.scenes import decoded, make_scene, rectangle

from longtail.data.loading.scenes.geometry import Geometry, move_boxes
from longtail.data.loading.scenes.instances import Instances, box_areas
from longtail.data.loading.scenes.masks import BitmapMask, PolygonMask

SIZE = (40, 60)
UNMOVED = Geometry.unmoved(SIZE)


def instances(
    *masks: PolygonMask | BitmapMask | None, boxes: list[list[float]] | None = None
) -> Instances:
    return make_scene(SIZE, masks, boxes).instances


def shift(x: float, y: float, size: tuple[int, int] = SIZE) -> Geometry:
    return Geometry(np.array([[1.0, 0, x], [0, 1, y]]), size)


def turn(degrees: float, size: tuple[int, int]) -> Geometry:
    """Around the centre."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    y, x = size[0] / 2, size[1] / 2
    matrix = np.array([[c, s, x - c * x - s * y], [-s, c, y + s * x - c * y]])
    return Geometry(matrix, size)


def cover_of(top: int, left: int, bottom: int, right: int) -> NDArray[np.bool_]:
    cover = np.zeros(SIZE, bool)
    cover[top:bottom, left:right] = True
    return cover


def disc(radius: float, x: float, y: float) -> PolygonMask:
    angles = np.linspace(0, 2 * math.pi, 720, endpoint=False)
    ring = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)
    return PolygonMask((ring,))


def test_a_turned_box_is_that_of_its_mask_and_not_that_of_its_corners() -> None:
    """The worked number of an 80 x 80 box around a disc: turned by 45 degrees its corners span
    113.14 x 113.14, twice the area, and the disc still 80 x 80."""
    scene = make_scene((200, 200), [disc(40, 100, 100)], [[60.0, 60, 140, 140]])
    geometry = turn(45, (200, 200))
    loose = move_boxes(scene.instances.boxes, geometry.matrix)
    assert (loose[0, 2:] - loose[0, :2]).tolist() == pytest.approx([113.14, 113.14], abs=0.01)
    assert box_areas(loose).tolist() == pytest.approx([12_800])
    tight = scene.instances.moved(geometry).boxes
    assert tight.tolist() == [pytest.approx([60, 60, 140, 140], abs=1e-3)]
    assert box_areas(tight).tolist() == pytest.approx([6_400], rel=1e-4)


def test_a_turned_box_without_a_mask_is_the_upright_one_around_it() -> None:
    alone = make_scene((200, 200), [None], [[60.0, 60, 140, 140]]).instances
    (box,) = alone.moved(turn(45, (200, 200))).boxes.tolist()
    assert box == pytest.approx([43.431, 43.431, 156.569, 156.569], abs=1e-3)


def test_whole_instances_keep_the_box_of_the_annotators() -> None:
    loose = instances(rectangle(10, 10, 20, 20), boxes=[[9.5, 9, 21, 20]])
    assert loose.moved(shift(3, -2)).boxes.tolist() == [[12.5, 7, 24, 18]]
    assert loose.moved(Geometry(np.array([[2.0, 0, 0], [0, 2, 0]]), (80, 120))).boxes.tolist() == [
        [19, 18, 42, 40]
    ]
    # Touching the border is not leaving it.
    assert loose.moved(shift(-9.5, 0)).boxes.tolist() == [[0, 9, 11.5, 20]]


@pytest.mark.parametrize("as_bitmap", [False, True])
def test_the_box_of_a_cut_instance_is_that_of_what_is_left_of_its_mask(as_bitmap: bool) -> None:
    """An L of which the foot is cut off: its box would keep the foot's width."""
    corner = np.array([[20, 5], [24, 5], [24, 30], [40, 30], [40, 36], [20, 36]], np.float64)
    mask = PolygonMask((corner,))
    cut = instances(mask.bitmap() if as_bitmap else mask).moved(shift(0, 0, (28, 60)))
    assert cut.boxes.tolist() == [[20, 5, 24, 28]]
    assert cut.areas().tolist() == [4 * 23]


def test_a_mask_that_is_cut_where_its_box_is_not_gives_the_box() -> None:
    narrow = instances(rectangle(0, 10, 20, 20), boxes=[[5.0, 10, 20, 20]])
    assert narrow.moved(shift(-4, 0)).boxes.tolist() == [[0, 10, 16, 20]]


@pytest.mark.parametrize(
    ("left", "stays"),
    # Of 40 columns: a tenth is left, or a little less.
    [(4.0, True), (4.5, True), (3.9, False), (0.0, False), (-3.0, False)],
)
@pytest.mark.parametrize("has_mask", [True, False])
def test_less_than_a_tenth_vanishes(left: float, stays: bool, has_mask: bool) -> None:
    mask = rectangle(0, 5, 40, 25) if has_mask else None
    moved = instances(mask, boxes=[[0.0, 5, 40, 25]]).moved(shift(left - 40, 0))
    assert len(moved) == stays
    if stays:
        assert moved.boxes.tolist() == [[0, 5, left, 25]]


def test_less_than_four_pixels_vanish_where_something_was_cut_off() -> None:
    # 3 x 2 pixels, of which 2 x 2 or 1.9 x 2 are left.
    assert len(instances(rectangle(0, 0, 3, 2)).moved(shift(-1, 0))) == 1
    assert len(instances(rectangle(0, 0, 3, 2)).moved(shift(-1.1, 0))) == 0


def test_a_whole_instance_stays_however_small_it_is() -> None:
    small = instances(rectangle(30, 20, 31, 21), rectangle(0, 0, 1, 1))
    assert len(small.moved(UNMOVED)) == 2
    halved = Geometry(np.array([[0.5, 0, 0], [0, 0.5, 0]]), (20, 30))
    assert small.moved(halved).areas().tolist() == [0.25, 0.25]
    assert len(small.moved(turn(10, SIZE))) == 1


def test_what_has_no_area_is_dropped() -> None:
    flat = instances(rectangle(5, 5, 5, 9), None, boxes=[[5.0, 5, 5, 9], [7.0, 7, 9, 7]])
    assert len(flat.moved(UNMOVED)) == 0


def test_none_at_all_stay_none() -> None:
    nothing = instances()
    for left in (nothing.moved(turn(30, SIZE)), nothing.covered(cover_of(0, 0, 9, 9))):
        assert left.boxes.shape == (0, 4) and len(left.masks) == len(left.source) == 0
    assert len(nothing.not_hidden(cover_of(0, 0, 9, 9))) == 0


def test_covered_masks_lose_what_is_covered_and_others_are_the_same_objects() -> None:
    before = instances(rectangle(10, 10, 30, 20), rectangle(40, 10, 50, 20), None)
    before.boxes[2] = [0, 0, 20, 10]
    left = before.covered(cover_of(0, 0, 40, 15))
    # Of the first 20 x 10 the left quarter; of the box without a mask 5 columns.
    assert left.labels.tolist() == [0, 1, 2]
    assert left.boxes.tolist() == [[15, 10, 30, 20], [40, 10, 50, 20], [0, 0, 20, 10]]
    assert left.areas().tolist() == [150, 100, 200]
    assert left.masks.items[1] is before.masks.items[1]
    assert decoded(left.masks.items[0], SIZE).sum() == 150


@pytest.mark.parametrize(("columns", "stays"), [(17, True), (18, True), (19, False), (20, False)])
@pytest.mark.parametrize("has_mask", [True, False])
def test_what_is_nearly_covered_vanishes(columns: int, stays: bool, has_mask: bool) -> None:
    mask = rectangle(10, 10, 30, 20) if has_mask else None
    before = instances(mask, boxes=[[10.0, 10, 30, 20]])
    cover = cover_of(0, 0, 40, 10 + columns)
    assert len(before.covered(cover)) == stays
    visible = before.not_hidden(cover)
    assert len(visible) == stays
    if stays:
        assert visible.masks.items[0] is mask
        assert visible.boxes.tolist() == [[10, 10, 30, 20]]


def test_labels_and_sources_go_with_their_instances() -> None:
    parts = [instances(rectangle(x, 0, x + 10, 10), rectangle(x, 20, x + 5, 25)) for x in (0, 30)]
    parts[1].labels[:] = [7, 8]
    parts[1].source[:] = 1
    together = Instances.joined(parts)
    left = together.moved(shift(-20, 0))
    assert left.labels.tolist() == [7, 8] and left.source.tolist() == [1, 1]
    assert left.boxes.tolist() == [[10, 0, 20, 10], [10, 20, 15, 25]]
    assert together.take(np.array([3, 0])).labels.tolist() == [8, 0]


def test_whole_pixels_carry_boxes_and_masks_alike() -> None:
    before = instances(rectangle(1, 2, 4, 6), rectangle(5, 5, 9, 8).bitmap(), None)
    after = before.shifted(10, 20)
    assert (after.boxes - before.boxes == [10, 20, 10, 20]).all()
    for mask, box in zip(after.masks.items[:2], after.boxes, strict=False):
        assert mask is not None and mask.bounds().tolist() == box.tolist()
    assert after.masks.items[2] is None


def test_areas_are_exact_for_large_masks() -> None:
    """In 32 bits 4097 x 4097 + 0.5 is rounded."""
    mask = PolygonMask((*rectangle(0, 0, 4097, 4097).rings, *rectangle(0, 0, 1, 0.5).rings))
    assert instances(mask).areas().tolist() == [4097**2 + 0.5]
