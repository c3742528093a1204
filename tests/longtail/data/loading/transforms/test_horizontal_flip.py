import numpy as np
import pytest

from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_the_probability_is_exact_at_its_bounds(probability: float) -> None:
    flip, rng = HorizontalFlip(probability), np.random.default_rng(0)
    moved = [flip.draw((10, 10), rng).geometry.matrix[0, 0] < 0 for _ in range(50)]
    assert moved == [probability == 1.0] * 50


def test_a_share_of_the_images_is_flipped() -> None:
    flip, rng = HorizontalFlip(0.3), np.random.default_rng(0)
    moved = [flip.draw((10, 10), rng).geometry.matrix[0, 0] < 0 for _ in range(400)]
    assert 80 < sum(moved) < 160


def test_left_becomes_right_and_the_size_stays() -> None:
    geometry = HorizontalFlip(1.0).draw((20, 40), np.random.default_rng(0)).geometry
    assert geometry.size == (20, 40)
    assert geometry.boxes(np.array([[0.0, 3, 10, 5]])).tolist() == [[30, 3, 40, 5]]
    assert HorizontalFlip(1.0).largest((20, 40)) == (20, 40)
