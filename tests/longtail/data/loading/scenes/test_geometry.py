import numpy as np

from longtail.data.loading.scenes.geometry import Geometry, move_boxes

DOUBLED = Geometry(np.array([[2.0, 0, 0], [0, 2, 0]]), (20, 40))
FLIPPED = Geometry(np.array([[-1.0, 0, 40], [0, 1, 0]]), (20, 40))
TURNED = Geometry(np.array([[0.0, -1, 20], [1, 0, 0]]), (40, 20))


def test_boxes_are_scaled_and_flipped() -> None:
    boxes = np.array([[1.0, 2, 3, 6]])
    assert DOUBLED.boxes(boxes).tolist() == [[2, 4, 6, 12]]
    assert DOUBLED.then(FLIPPED).boxes(boxes).tolist() == [[34, 4, 38, 12]]
    assert DOUBLED.boxes(np.zeros((0, 4))).shape == (0, 4)


def test_several_maps_are_one() -> None:
    points = np.random.default_rng(0).uniform(0, 20, (5, 2))
    expected = points
    for geometry in (DOUBLED, FLIPPED, TURNED):
        expected = expected @ geometry.matrix[:, :2].T + geometry.matrix[:, 2]
    together = DOUBLED.then(FLIPPED).then(TURNED)
    assert np.allclose(points @ together.matrix[:, :2].T + together.matrix[:, 2], expected)
    assert together.size == TURNED.size


def test_what_is_unmoved_changes_no_bit_of_another_map() -> None:
    third = Geometry(np.array([[1 / 3, 0, 0], [0, 2 / 7, 0]]), (20, 40))
    for both in (Geometry.unmoved((60, 140)).then(third), third.then(Geometry.unmoved((20, 40)))):
        assert both.matrix.tobytes() == third.matrix.tobytes() and both.size == (20, 40)


def test_boxes_are_clipped_to_the_picture() -> None:
    boxes = np.array([[-5.0, -5, 8, 8], [12, 2, 15, 4]])
    assert Geometry.unmoved((10, 10)).boxes(boxes).tolist() == [[0, 0, 8, 8], [10, 2, 10, 4]]


def test_a_rotated_box_becomes_the_upright_box_around_its_corners() -> None:
    assert move_boxes(
        np.array([[1.0, 2, 4, 6]]), np.array([[0.0, -1, 10], [1, 0, 0]])
    ).tolist() == [[4, 1, 8, 4]]
