import numpy as np
import pytest
from support.scenes import drawn, make_scene, pixels_of, rectangle
from torchvision.transforms.v2 import functional

from longtail.data.loading.transforms.blur import Blur


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0, 3.0])
def test_within_the_picture_it_is_nearly_that_of_torchvision(sigma: float) -> None:
    """On noise, where the difference is largest; at the border torchvision mirrors."""
    scene, side = make_scene((80, 100)), 2 * int(np.ceil(4 * sigma)) + 1
    found = pixels_of(drawn(scene, Blur((sigma, sigma), 1.0))).astype(int)
    expected = np.asarray(functional.gaussian_blur(scene.picture, [side, side], [sigma, sigma]))
    apart = abs(found - expected)[side:-side, side:-side]
    assert apart.size and apart.max() <= 5 and apart.mean() < 1.2


@pytest.mark.parametrize("sigma", [0.3, 0.5, 0.8, 1.0, 2.0, 4.0])
def test_an_edge_is_spread_by_the_standard_deviation(sigma: float) -> None:
    pixels = np.zeros((3, 60, 3), np.uint8)
    pixels[:, 30:] = 255
    spread = pixels_of(drawn(make_scene((3, 60), pixels=pixels), Blur((sigma, sigma), 1.0)))
    density = np.diff(spread[1, :, 0].astype(float)) / 255
    places = np.arange(59) - 29.0
    assert (density * places).sum() == pytest.approx(0, abs=0.02)
    assert (density * places**2).sum() == pytest.approx(sigma**2, rel=0.06)


def test_an_even_picture_stays_the_same_and_pictures_of_any_size_are_blurred() -> None:
    even = make_scene((20, 30), pixels=np.full((20, 30, 3), 77, np.uint8))
    assert (pixels_of(drawn(even, Blur((2.0, 2.0), 1.0))) == 77).all()
    assert drawn(make_scene((1, 1)), Blur((2.0, 2.0), 1.0)).size == (1, 1)


def test_everything_stays_in_its_place() -> None:
    scene = make_scene((30, 50), [rectangle(3, 4, 20, 12)])
    after = drawn(scene, Blur((2.0, 2.0), 1.0))
    assert after.instances.boxes.tolist() == scene.instances.boxes.tolist()
    assert Blur((0.1, 2.0), 1.0).largest((40, 60)) == (40, 60)


def test_a_share_of_the_images_is_blurred_by_a_drawn_width() -> None:
    scene, transform = make_scene((10, 10)), Blur((0.5, 2.0), 0.3)
    found = [pixels_of(drawn(scene, transform, seed=seed)) for seed in range(300)]
    same = [np.array_equal(pixels, pixels_of(scene)) for pixels in found]
    assert np.mean(same) == pytest.approx(0.7, abs=0.08)
    deviations = [
        pixels.std() for pixels, as_before in zip(found, same, strict=True) if not as_before
    ]
    assert max(deviations) > 1.5 * min(deviations)
