import numpy as np
import pytest
from support.scenes import drawn, make_scene, pixels_of, rectangle

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.mixing.mosaic import Mosaic

GREY = [114, 114, 114]


def _plain(size: tuple[int, int], shade: int) -> Scene:
    return make_scene(size, [rectangle(0, 0, 4, 4)], pixels=np.full((*size, 3), shade, np.uint8))


def test_four_pictures_of_one_size_fill_the_canvas_around_its_middle() -> None:
    first, partner = _plain((20, 30), 10), _plain((20, 30), 200)
    mixed = drawn(first, Mosaic(1.0, (0.5, 0.5), None), partner=partner)
    expected = np.full((40, 60, 3), 200)
    expected[:20, :30] = 10
    assert np.array_equal(pixels_of(mixed), expected)
    assert mixed.regions.tolist() == [
        [0, 0, 30, 20],
        [30, 0, 60, 20],
        [0, 20, 30, 40],
        [30, 20, 60, 40],
    ]


def test_smaller_partners_leave_grey_and_larger_ones_are_cut() -> None:
    first = _plain((20, 30), 10)
    small = pixels_of(drawn(first, Mosaic(1.0, (0.5, 0.5), None), partner=_plain((8, 9), 200)))
    assert small[12:20, 30:39].tolist() == [[[200] * 3] * 9] * 8
    assert small[0, 59].tolist() == small[39, 0].tolist() == small[39, 59].tolist() == GREY
    large = drawn(first, Mosaic(1.0, (0.5, 0.5), None), partner=_plain((100, 90), 200))
    assert large.size == (40, 60) and not (pixels_of(large) == 114).any()


@pytest.mark.parametrize("seed", range(10))
def test_the_centre_lies_within_its_bounds(seed: int) -> None:
    mixed = drawn(
        _plain((20, 30), 10),
        Mosaic(1.0, (0.25, 0.75), None),
        seed=seed,
        partner=_plain((20, 30), 9),
    )
    x, y = mixed.regions[0, 2:]
    assert 15 <= x <= 45 and 10 <= y <= 30
    assert mixed.regions[3, :2].tolist() == [x, y]


def test_a_centre_in_a_corner_shows_one_picture() -> None:
    mixed = drawn(_plain((20, 30), 10), Mosaic(1.0, (0.0, 0.0), None), partner=_plain((20, 30), 9))
    assert len(mixed.sources) == 1 and mixed.regions.tolist() == [[0, 0, 30, 20]]


def test_a_picture_that_is_not_mixed_draws_no_partner() -> None:
    scene = _plain((20, 30), 10)
    for seed in range(20):
        same = drawn(scene, Mosaic(0.0, (0.25, 0.75), None), seed=seed)
        assert same.picture.tobytes() == scene.picture.tobytes() and len(same.sources) == 1


def test_partners_are_drawn_by_the_law_that_is_named() -> None:
    asked: list[float | None] = []

    def others(law: float | None) -> Scene:
        asked.append(law)
        return _plain((20, 30), 0)

    Mosaic(1.0, (0.5, 0.5), 0.01)(_plain((20, 30), 0), np.random.default_rng(0), others)
    assert asked == [0.01] * 3


def test_the_canvas_has_twice_the_sides() -> None:
    assert Mosaic(0.5, (0.25, 0.75), None).largest((20, 30)) == (40, 60)
