import numpy as np
from support.scenes import drawn, make_scene, pixels_of
from torchvision.transforms import v2

from longtail.data.loading.transforms.multi_scale import MultiScale


def test_each_whole_number_between_the_bounds_is_as_likely() -> None:
    scene, transform = make_scene((40, 50)), MultiScale(20, 23, 100)
    sizes = [drawn(scene, transform, seed=seed).size for seed in range(200)]
    counts = np.bincount([min(size) for size in sizes], minlength=24)
    assert counts[:20].sum() == 0 and (counts[20:] > 25).all()
    assert set(sizes) == {(20, 25), (21, 26), (22, 28), (23, 29)}


def test_one_length_is_always_that_one() -> None:
    assert drawn(make_scene((40, 60)), MultiScale(30, 30, 100)).size == (30, 45)


def test_the_long_side_stays_under_its_cap() -> None:
    transform = MultiScale(400, 1400, 90)
    assert transform.largest((4000, 4000)) == (90, 90)
    assert MultiScale(40, 80, 90).largest((4000, 4000)) == (80, 90)
    assert drawn(make_scene((40, 60)), transform).size == (60, 90)


def test_pixels_are_those_of_torchvision() -> None:
    scene = make_scene((40, 60))
    for seed in range(10):
        found = drawn(scene, MultiScale(20, 70, 1400), seed=seed)
        expected = v2.functional.resize(scene.picture, list(found.size), antialias=True)
        assert np.array_equal(pixels_of(found), np.asarray(expected))
