import numpy as np

from longtail.data.lvis.clipping import clip_boxes, clip_ring, xyxy_from_xywh


def test_corners_are_the_sum_of_corner_and_sides() -> None:
    boxes = np.array([[10.0, 10.5, 20.0, 5.0], [-2.0, 0.0, 3.0, 0.0]])
    assert xyxy_from_xywh(boxes).tolist() == [[10, 10.5, 30, 15.5], [-2, 0, 1, 0]]
    assert boxes[0].tolist() == [10, 10.5, 20, 5]


def test_boxes_are_cut_to_height_and_width() -> None:
    assert clip_boxes(np.array([[-4.0, 3.0, 90.0, 61.0]]), (60, 80)).tolist() == [[0, 3, 80, 60]]


def test_a_triangle_is_cut_where_its_edges_cross_the_border() -> None:
    ring = np.array([[-10.0, 0.0], [10.0, 0.0], [-10.0, 20.0]])
    clipped = clip_ring(ring, (60, 80))
    assert clipped.min() == 0
    x, y = clipped.T
    area = 0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))
    assert area == 50


def test_a_ring_inside_is_the_same_ring() -> None:
    ring = np.array([[0.0, 0.0], [80.0, 0.0], [80.0, 60.0]])
    assert clip_ring(ring, (60, 80)) is ring
