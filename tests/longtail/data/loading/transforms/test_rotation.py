import math

import numpy as np
import pytest
import torch
from support.scenes import decoded, drawn, make_scene, pixels_of, rectangle
from torchvision import tv_tensors
from torchvision.transforms.v2 import InterpolationMode, functional

from longtail.data.loading.transforms.rotation import Rotation, turned

SIZE = (41, 60)
ANGLES = [-170.0, -90.0, -15.0, -1e-3, 0.5, 15.0, 45.0, 90.0, 133.0, 180.0, 270.0]


@pytest.mark.parametrize("turns", [-2, -1, 0, 1, 3])
def test_whole_turns_change_nothing(turns: int) -> None:
    scene = make_scene(SIZE, [rectangle(3, 4, 20, 30)])
    assert turned(scene, 360.0 * turns) is scene


@pytest.mark.parametrize("degrees", ANGLES)
def test_pixels_are_those_of_torchvision(degrees: float) -> None:
    scene = make_scene(SIZE)
    expected = functional.rotate(
        scene.picture, degrees, InterpolationMode.BILINEAR, fill=[114.0, 114.0, 114.0]
    )
    assert np.array_equal(pixels_of(turned(scene, degrees)), np.asarray(expected))


@pytest.mark.parametrize("degrees", ANGLES)
def test_places_go_where_torchvision_puts_them(degrees: float) -> None:
    points = np.random.default_rng(0).uniform(5, 40, (10, 2))
    there = tv_tensors.KeyPoints(torch.from_numpy(points), canvas_size=SIZE)
    matrix = turned(make_scene(SIZE), degrees).pending.matrix
    found = points @ matrix[:, :2].T + matrix[:, 2]
    expected = functional.rotate(there, degrees).numpy()
    inside = ((found > 0) & (found < SIZE[::-1])).all(axis=1)
    assert found[inside] == pytest.approx(expected[inside], abs=1e-3)


@pytest.mark.parametrize("size", [(40, 60), (40, 40)])
def test_right_angles_lose_nothing_where_pixels_meet_pixels(size: tuple[int, int]) -> None:
    """The middle square of 40 x 40 turns in itself; sides of which one is odd would not meet."""
    masks = [rectangle(30, 10, 35, 12), rectangle(30, 10, 35, 12).bitmap()]
    scene, first = make_scene(size, masks), (size[1] - 40) // 2
    middle = np.s_[:, first : first + 40]
    for quarters in (1, 2, 3):
        after = turned(scene, 90.0 * quarters).settled()
        expected = np.rot90(pixels_of(scene)[middle], quarters)
        assert np.array_equal(pixels_of(after)[middle], expected)
        wanted = np.rot90(decoded(masks[0], size)[middle], quarters)
        for mask in after.instances.masks.items:
            assert np.array_equal(decoded(mask, size)[middle], wanted)
    back = turned(turned(scene, 180), 180).settled()
    assert np.array_equal(pixels_of(back), pixels_of(scene))
    assert back.instances.boxes.tolist() == scene.instances.boxes.tolist()


def test_the_frame_stays_and_corners_are_grey() -> None:
    after = pixels_of(turned(make_scene((40, 40)), 45))
    assert after.shape == (40, 40, 3)
    # The turned square cuts 40 (1 - sqrt(1/2)) off along each border of a corner.
    cut = int(40 * (1 - math.sqrt(0.5))) - 2
    assert (after[np.arange(cut), cut - 1 - np.arange(cut)] == 114).all()
    assert (after[20, :] != 114).any(axis=-1).all()


def test_angles_are_uniform_on_both_sides() -> None:
    scene, rotation = make_scene((40, 40)), Rotation(30, 1.0)
    found = []
    for seed in range(300):
        cosine, sine = rotation(
            scene, np.random.default_rng(seed), lambda law: scene
        ).pending.matrix[0, :2]
        found.append(math.degrees(math.atan2(sine, cosine)))
    assert -30 <= min(found) < -27 and 27 < max(found) <= 30
    assert np.mean(found) == pytest.approx(0, abs=3)


def test_a_share_of_the_images_is_turned() -> None:
    scene = make_scene((20, 20))
    before = pixels_of(scene)
    same = [
        np.array_equal(pixels_of(drawn(scene, Rotation(30, 0.3), seed=seed)), before)
        for seed in range(300)
    ]
    assert np.mean(same) == pytest.approx(0.7, abs=0.08)
    assert np.array_equal(pixels_of(drawn(scene, Rotation(0, 1.0))), before)
    assert Rotation(15, 0.5).largest((40, 60)) == (40, 60)
