"""How often pictures are drawn, against what is said before training."""

from pathlib import Path

import numpy as np
import pytest

from longtail.config.augmentations import Augmentation
from longtail.config.mixing import BalancedMosaic, Mosaic
from longtail.data.loading.scenes.pictures import TrainingPictures
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import transformed
from longtail.data.loading.transforms.build import build_transforms
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.sampling.partners import shown_copies
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.randomness import augmentation_generator

pytestmark = pytest.mark.slow

DRAWS = 300


class Counted(TrainingPictures):
    """Keeps the pictures, and counts how often each is asked for."""

    def __init__(self, annotations: Annotations, root: Path, mixes: list[Augmentation]) -> None:
        super().__init__(annotations, root, mixes)
        self.shown = np.zeros(annotations.num_images)
        self._kept: dict[int, Scene] = {}

    def read(self, i: int) -> Scene:
        self.shown[i] += 1
        if i not in self._kept:
            self._kept[i] = super().read(i)
        return self._kept[i]


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Annotations:
    folder = tmp_path_factory.mktemp("law")
    write_dataset(folder, Parameters(6, 1, 0, categories=5, size=64, seed=2))
    return open_annotations(folder / "train.json", cache_dir=folder / "cache")


@pytest.mark.parametrize(
    "mixes",
    [
        [BalancedMosaic(short_sides=(16,), repeat_threshold=1.0)],
        [Mosaic(probability=0.6, partners="repeat_factor", repeat_threshold=1.0)],
        [Mosaic(probability=0.6)],
    ],
    ids=["balanced", "by repeat factors", "uniform"],
)
def test_pictures_are_shown_as_often_as_is_said(
    annotations: Annotations, mixes: list[Augmentation]
) -> None:
    number = annotations.num_images
    pictures = Counted(annotations, annotations.path.parent / "images", mixes)
    transforms, rows = build_transforms(mixes), np.zeros((DRAWS, number))
    for draw in range(DRAWS):
        pictures.shown[:] = 0
        rng, first = augmentation_generator(0, 0, draw), pictures.read(draw % number)
        transformed(transforms, first, rng, pictures.draw)
        rows[draw] = pictures.shown
    mean, error = rows.mean(axis=0), rows.std(axis=0) / DRAWS**0.5
    expected = shown_copies(annotations, False, np.full(number, 1 / number), mixes)
    assert (abs(mean - expected) <= 5 * error).all()
    assert mixes[0].name != "balanced_mosaic" or expected.max() > 1.2 * expected.min()
