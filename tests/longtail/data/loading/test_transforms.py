import numpy as np
import pytest
from PIL import Image as PilImage

from longtail.config.stages import Augmentation
from longtail.data.loading.transforms import Geometry, draw_geometry, move_boxes, resized


@pytest.mark.parametrize(
    ("size", "short_side", "cap", "expected"),
    [
        ((480, 640), 800, 1333, (800, 1067)),
        ((640, 480), 800, 1333, (1067, 800)),
        ((427, 640), 800, 1333, (800, 1199)),
        ((300, 600), 800, 1333, (667, 1333)),
        ((500, 500), 800, 1333, (800, 800)),
        ((100, 100), 800, 400, (400, 400)),
        ((1, 4000), 800, 1333, (1, 1333)),
    ],
)
def test_short_side_is_resized_unless_the_long_side_passes_its_cap(
    size: tuple[int, int], short_side: int, cap: int, expected: tuple[int, int]
) -> None:
    assert resized(size, short_side, cap) == expected


def test_boxes_are_scaled_and_flipped() -> None:
    boxes = np.array([[10.0, 20, 30, 60]])
    plain = Geometry((100, 200), (50, 400))
    flipped = Geometry((100, 200), (50, 400), flipped=True)
    assert plain.boxes(boxes).tolist() == [[20, 10, 60, 30]]
    assert flipped.boxes(boxes).tolist() == [[340, 10, 380, 30]]
    assert flipped.boxes(np.zeros((0, 4))).shape == (0, 4)


def test_boxes_are_clipped_to_the_picture() -> None:
    boxes = np.array([[-5.0, -5, 8, 8], [12, 2, 15, 4]])
    assert Geometry((10, 10), (10, 10)).boxes(boxes).tolist() == [[0, 0, 8, 8], [10, 2, 10, 4]]


def test_a_rotated_box_becomes_the_upright_box_around_its_corners() -> None:
    quarter_turn = np.array([[0.0, -1, 10], [1, 0, 0]])
    assert move_boxes(np.array([[1.0, 2, 4, 6]]), quarter_turn).tolist() == [[4, 1, 8, 4]]


@pytest.mark.parametrize("flipped", [False, True])
def test_pixels_and_boxes_move_together(flipped: bool) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10:20, 6:24] = 255
    geometry = Geometry((40, 60), (80, 120), flipped)
    moved = np.asarray(geometry.picture(PilImage.fromarray(pixels)))[..., 0] >= 128
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    found = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert found == geometry.boxes(np.array([[6.0, 10, 24, 20]])).tolist()[0]


def test_draws_come_from_the_generator_and_reach_every_choice() -> None:
    augmentation = Augmentation(short_sides=(64, 96), long_side_cap=200, horizontal_flip=0.5)
    drawn = {
        (geometry.new_size[0], geometry.flipped)
        for seed in range(40)
        for geometry in [draw_geometry(augmentation, (100, 100), np.random.default_rng(seed))]
    }
    assert drawn == {(64, False), (64, True), (96, False), (96, True)}
    first, second = (
        draw_geometry(augmentation, (100, 100), np.random.default_rng(3)) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_flip_probability_is_exact_at_its_bounds(probability: float) -> None:
    augmentation = Augmentation(horizontal_flip=probability)
    rng = np.random.default_rng(0)
    flips = {draw_geometry(augmentation, (10, 10), rng).flipped for _ in range(50)}
    assert flips == {probability == 1.0}
