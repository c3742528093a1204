"""What a stage shows, counted in its samples."""

from pathlib import Path

import numpy as np
import pytest
import torch

from docs.studies.mixing.law import instance_counts, largest_error, plain_law, shown, shown_parts
from longtail.config.augmentations import Augmentation, Resize
from longtail.config.classifiers import Softmax
from longtail.config.mixing import BalancedMosaic, CopyPaste
from longtail.config.stages import Stage, UniformSampler
from longtail.data.loading.sample import Image, Sample
from longtail.data.loading.scenes.masks import InstanceMasks
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.synthetic.dataset import Parameters, write_dataset

SIDE = 64
NUM_IMAGES = 12


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Annotations, Path]:
    folder = tmp_path_factory.mktemp("set")
    size = Parameters(
        images=NUM_IMAGES, val_images=1, unlabelled=0, categories=6, size=SIDE, seed=0
    )
    write_dataset(folder, size)
    return open_annotations(folder / "train.json"), folder / "images"


def stage(*augmentations: Augmentation) -> Stage:
    return Stage(classifier=Softmax(), sampler=UniformSampler(), augmentations=augmentations)


def sample(labels: list[int], source: list[int]) -> Sample:
    return Sample(
        image=Image(torch.zeros(3, 4, 4), 0, (4, 4)),
        boxes=torch.zeros(len(labels), 4),
        labels=torch.tensor(labels),
        masks=InstanceMasks(()),
        source=torch.tensor(source),
        verified=(),
        ignore_boxes=torch.zeros(0, 4),
        ignore_weights=torch.zeros(0),
    )


def test_part_of_a_pictures_instances_is_that_part_of_the_picture() -> None:
    # Picture 0 has two of category 0, both seen; picture 1 four of it, of which one is seen, and
    # one of category 1, which is not.
    whole = np.array([[2, 0], [4, 1]])
    parts = shown_parts(sample([0, 0, 0], [0, 0, 1]), whole)
    assert parts.tolist() == [1.25, 0]


def test_the_largest_error_is_that_of_equally_likely_pictures() -> None:
    # Of four pictures each shows a category with probability 1/4: mean 1, variance 4 * 3/16.
    assert largest_error(np.array([1.0]), 4, 100) == pytest.approx([np.sqrt(0.75 / 100)])
    rng = np.random.default_rng(0)
    chances = rng.random((20, 4))
    spread = np.sqrt((chances * (1 - chances)).sum(axis=1) / 100)
    assert (spread <= largest_error(chances.sum(axis=1), 4, 100) + 1e-12).all()


def test_an_epoch_of_plain_pictures_shows_what_is_predicted(data: tuple[Annotations, Path]) -> None:
    annotations, images = data
    plain = Resize(short_sides=(SIDE,), long_side_cap=2 * SIDE)
    used = annotations.num_annotated_images
    found = shown(annotations, images, stage(plain), used)
    assert found.images == used
    assert found.measured == pytest.approx(found.predicted)
    assert len(found.labels) == annotations.num_instances


def test_mosaics_show_whole_pictures_at_one_scale(data: tuple[Annotations, Path]) -> None:
    annotations, images = data
    mosaic = BalancedMosaic(short_sides=(SIDE,), long_side_cap=4 * SIDE)
    found = shown(annotations, images, stage(mosaic), annotations.num_annotated_images)
    counts = [instance_counts(annotations, i) for i in range(annotations.num_images)]
    pictures_with = (np.array(counts) > 0).sum(axis=0)
    # The drawn pictures are an epoch; partners are whole ones besides.
    partners = found.measured - pictures_with
    assert partners == pytest.approx(np.round(partners))
    assert (partners >= 0).all()


def test_pasted_instances_count_as_a_share_of_their_picture(data: tuple[Annotations, Path]) -> None:
    annotations, images = data
    plain = Resize(short_sides=(SIDE,), long_side_cap=2 * SIDE)
    paste = CopyPaste(probability=1.0, instance_probability=0.25)
    found = shown(annotations, images, stage(plain, paste), 4)
    alone = shown(annotations, images, stage(plain), 4)
    assert found.predicted == pytest.approx(1.25 * alone.predicted)


def test_groups_without_a_category_are_left_out(data: tuple[Annotations, Path]) -> None:
    annotations, images = data
    plain = Resize(short_sides=(SIDE,), long_side_cap=2 * SIDE)
    law = plain_law(shown(annotations, images, stage(plain), NUM_IMAGES), annotations)
    assert set(law) == set(annotations.categories.frequency)
