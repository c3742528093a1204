import numpy as np
import pytest
from support.scenes import drawn, make_scene, pixels_of, rectangle

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip


def shares(probability: float, number: int) -> float:
    flip, rng, scene = HorizontalFlip(probability), np.random.default_rng(0), make_scene((4, 4))

    def alone(law: float | None) -> Scene:
        return scene

    return sum(flip(scene, rng, alone) is not scene for _ in range(number)) / number


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_the_probability_is_exact_at_its_bounds(probability: float) -> None:
    assert shares(probability, 50) == probability


def test_a_share_of_the_images_is_flipped() -> None:
    assert 0.2 < shares(0.3, 400) < 0.4


def test_left_becomes_right_and_the_size_stays() -> None:
    before = make_scene((20, 40), [rectangle(0, 3, 10, 5)])
    after = drawn(before, HorizontalFlip(1.0))
    assert after.size == (20, 40)
    assert after.instances.boxes.tolist() == [[30, 3, 40, 5]]
    assert np.array_equal(pixels_of(after), pixels_of(before)[:, ::-1])
    assert HorizontalFlip(1.0).largest((20, 40)) == (20, 40)


def test_twice_is_the_identity() -> None:
    before = make_scene((20, 40), [rectangle(0, 3, 10, 5)])
    after = drawn(before, HorizontalFlip(1.0), HorizontalFlip(1.0))
    assert np.array_equal(pixels_of(after), pixels_of(before))
    assert after.instances.boxes.tolist() == before.instances.boxes.tolist()
