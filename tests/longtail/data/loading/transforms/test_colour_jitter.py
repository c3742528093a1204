from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from support.scenes import drawn, make_scene, pixels_of, rectangle
from torchvision.transforms.v2 import functional

from longtail.data.loading.transforms.colour_jitter import CHANGES, ColourJitter, changed

PICTURE = make_scene((30, 50)).picture
THEIRS: list[Callable[..., PilImage.Image]] = [
    functional.adjust_brightness,
    functional.adjust_contrast,
    functional.adjust_saturation,
    functional.adjust_hue,
]


def jitter(strength: float, hue: float = 0.0, probability: float = 1.0) -> ColourJitter:
    return ColourJitter(
        brightness=strength,
        contrast=strength,
        saturation=strength,
        hue=hue,
        probability=probability,
    )


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("strength", [-0.5, -0.2, 0.2, 0.5])
def test_each_change_is_that_of_torchvision(number: int, strength: float) -> None:
    argument = strength if number == 3 else 1 + strength
    ours = np.asarray(CHANGES[number](PICTURE, argument))
    assert np.array_equal(ours, np.asarray(THEIRS[number](PICTURE, argument)))
    if number < 3:
        # Its tensors are not rounded in between.
        tensor = torch.from_numpy(np.array(PICTURE)).permute(2, 0, 1)
        other = THEIRS[number](tensor, argument).permute(1, 2, 0)  # type: ignore[attr-defined]
        assert abs(ours.astype(int) - other.numpy()).max() <= 2


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_all_of_them_in_an_order_are_those_of_torchvision(order: tuple[int, ...]) -> None:
    strengths = np.array([1.3, 0.7, 1.4, -0.1])
    expected = PICTURE
    for number in order:
        expected = THEIRS[number](expected, float(strengths[number]))
    found = changed(PICTURE, np.array(order), strengths)
    assert np.array_equal(np.asarray(found), np.asarray(expected))


def test_known_pixels() -> None:
    red = PilImage.new("RGB", (2, 2), (200, 100, 100))
    bright, dull, round_ = (
        CHANGES[number](red, argument).getpixel((0, 0))
        for number, argument in ((0, 0.5), (2, 0.0), (3, 1 / 3))
    )
    assert bright == (100, 50, 50)
    # Grey of BT.601: 0.299 * 200 + 0.701 * 100.
    assert dull == (130, 130, 130)
    assert round_ == (100, 200, 100)


def test_no_strength_and_a_hue_of_less_than_a_step_leave_every_bit() -> None:
    scene = make_scene((30, 50))
    assert np.array_equal(pixels_of(drawn(scene, jitter(0.0, 0.003))), pixels_of(scene))


def test_strengths_are_uniform_around_one_and_the_order_is_drawn() -> None:
    even = make_scene((4, 4), pixels=np.full((4, 4, 3), 100, np.uint8))
    brightness = ColourJitter(
        brightness=0.4, contrast=0.0, saturation=0.0, hue=0.0, probability=1.0
    )
    values = [int(pixels_of(drawn(even, brightness, seed=seed))[0, 0, 0]) for seed in range(200)]
    assert 60 <= min(values) < 63 and 137 < max(values) <= 140
    # White at the factor 1.4 is cut at 255 if it comes first, and not if it comes last.
    versions = {
        pixels_of(drawn(make_scene(), jitter(0.4), seed=seed)).tobytes() for seed in range(5)
    }
    assert len(versions) == 5


def test_everything_stays_in_its_place() -> None:
    scene = make_scene((30, 50), [rectangle(3, 4, 20, 12)])
    after = drawn(scene, jitter(0.4, 0.5))
    assert after.size == (30, 50)
    assert after.instances.boxes.tolist() == scene.instances.boxes.tolist()
    assert jitter(0.4).largest((40, 60)) == (40, 60)


def test_a_share_of_the_images_is_changed() -> None:
    scene = make_scene((8, 8))
    same = [
        np.array_equal(pixels_of(drawn(scene, jitter(0.4, 0.1, 0.3), seed=seed)), pixels_of(scene))
        for seed in range(300)
    ]
    assert np.mean(same) == pytest.approx(0.7, abs=0.08)
