import hashlib
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage
from support.scenes import make_scene

from longtail.config import augmentations as config
from longtail.config.augmentations import Augmentation, HorizontalFlip, Resize
from longtail.config.base import config_classes
from longtail.config.stages import Stage
from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.build import build_transforms
from longtail.randomness import augmentation_generator

COLOURS = config.ColourJitter(
    brightness=0.1, contrast=0.2, saturation=0.3, hue=0.4, probability=0.5
)


def test_every_transform_of_the_configuration_is_built_in_its_order() -> None:
    kinds: list[Any] = config_classes(Augmentation)
    built = build_transforms([kind() for kind in kinds])
    assert [type(transform).__name__ for transform in built] == [kind.__name__ for kind in kinds]
    assert build_transforms(()) == ()


def test_parameters_are_those_of_the_configuration() -> None:
    resize, flip = build_transforms(
        (Resize(short_sides=(64,), long_side_cap=90), HorizontalFlip(probability=0.25))
    )
    assert vars(resize) == {"short_sides": (64,), "long_side_cap": 90}
    assert vars(flip) == {"probability": 0.25}


def test_parameters_of_the_others_are_those_of_the_configuration_too() -> None:
    sections: dict[Augmentation, dict[str, object]] = {
        config.MultiScale(smallest_side=3, largest_side=4, long_side_cap=5): {
            "smallest_side": 3,
            "largest_side": 4,
            "long_side_cap": 5,
        },
        config.ScaleJitter(short_side=3, long_side_cap=4, smallest=0.5, largest=0.6): {
            "short_side": 3,
            "long_side_cap": 4,
            "factors": (0.5, 0.6),
        },
        config.LargeScaleJitter(side=3, smallest=0.5, largest=0.6): {
            "side": 3,
            "factors": (0.5, 0.6),
        },
        config.Crop(smallest=0.5, largest=0.6, probability=0.7): {
            "shares": (0.5, 0.6),
            "probability": 0.7,
        },
        config.Rotation(degrees=3, probability=0.7): {"degrees": 3, "probability": 0.7},
        COLOURS: COLOURS.model_dump(exclude={"name"}),
        config.Blur(smallest_sigma=0.5, largest_sigma=0.6, probability=0.7): {
            "sigmas": (0.5, 0.6),
            "probability": 0.7,
        },
        config.Cutout(fewest=2, most=4, smallest=0.5, largest=0.6, probability=0.7): {
            "numbers": (2, 4),
            "shares": (0.5, 0.6),
            "probability": 0.7,
        },
    }
    for built, expected in zip(build_transforms(tuple(sections)), sections.values(), strict=True):
        assert vars(built) == expected


def test_a_stage_resizes_and_flips_unless_it_says_otherwise() -> None:
    resize, flip = build_transforms(Stage().augmentations)
    assert vars(resize)["short_sides"] == (640, 672, 704, 736, 768, 800)
    assert vars(flip) == {"probability": 0.5}


@pytest.mark.parametrize(
    ("position", "size", "x_map", "sha256"),
    [
        (0, (704, 939), [14.671875, 0.0, 0.0], "38acca877e9405de"),
        (1, (800, 1067), [-16.671875, 0.0, 1067.0], "efa5feb882961713"),
        (2, (768, 1024), [-16.0, 0.0, 1024.0], "0d07d0b887163f37"),
        (3, (768, 1024), [16.0, 0.0, 0.0], "660f53d178f2c459"),
        (4, (672, 896), [14.0, 0.0, 0.0], "067cd977f2baa4ef"),
    ],
)
def test_the_images_of_a_stage_are_those_of_the_first_resize_and_flip(
    position: int, size: tuple[int, int], x_map: list[float], sha256: str
) -> None:
    """Computed when both were one class: trainings repeat to the bit."""
    pixels = np.arange(48 * 64 * 3, dtype=np.uint32).reshape(48, 64, 3) * 7919 % 256
    picture = PilImage.fromarray(pixels.astype(np.uint8))
    rng = augmentation_generator(3, 0, position)
    moved, pending = picture_and_map(picture, rng)
    assert pending.size == moved.size[::-1] == size
    assert pending.matrix[0].tolist() == x_map
    assert hashlib.sha256(moved.tobytes()).hexdigest().startswith(sha256)


def picture_and_map(
    picture: PilImage.Image, rng: np.random.Generator
) -> tuple[PilImage.Image, Geometry]:
    scene = make_scene((48, 64), pixels=np.asarray(picture))
    for transform in build_transforms(Stage().augmentations):
        scene = transform(scene, rng, no_partner)
    return scene.picture, scene.pending


def no_partner(law: float | None) -> Scene:
    raise AssertionError("nothing is mixed")
