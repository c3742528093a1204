"""Joined files: what is taken of them, and what their pictures become."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from longtail.config.augmentations import HorizontalFlip
from longtail.config.mixing import Mosaic
from longtail.config.other_data.joined import JoinedFile
from longtail.config.stages import Stage
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.check import Pictures, check_other_data, told_of_images
from longtail.data.joining.images import open_joined
from longtail.data.joining.other_data import OtherData, open_other_data
from longtail.data.loading.load_sample import load_sample
from longtail.data.loading.sample import Sample
from longtail.data.loading.scenes.pictures import TrainingPictures
from longtail.data.loading.transforms.build import build_transforms
from longtail.data.lvis.annotations import open_annotations
from longtail.problems import BadInputError

JOINED = JoinedFile(file="other", loss_weight=0.25)
STAGE = Stage(joined=(JOINED,), augmentations=())


def other_data(train: Path, other: AlsoFile, stage: Stage = STAGE) -> OtherData:
    return open_other_data(open_annotations(train), stage, [other], use_empty_images=False)


def samples(train: Path, other: AlsoFile, stage: Stage = STAGE) -> list[Sample]:
    data = other_data(train, other, stage)
    pictures = TrainingPictures(
        open_annotations(train), train.parent, stage.augmentations, other=data
    )
    transforms = [build_transforms(of_file) for of_file in pictures.augmentations]
    return [
        load_sample(pictures, i, transforms[pictures.place(i)[0]], np.random.default_rng(i))
        for i in range(5)
    ]


def test_images_without_a_known_category_are_not_used(train: Path, other: AlsoFile) -> None:
    categories = open_annotations(train).categories
    # By id they are 6, 7 and 8, of which the last one shows a foreign category alone.
    joined = open_joined(categories, JOINED, other, use_empty_images=False)
    assert joined.images.tolist() == [0, 1] and joined.images_per_epoch == 2
    every = open_joined(categories, JOINED, other, use_empty_images=True)
    assert every.images.tolist() == [0, 1, 2]


def test_more_images_an_epoch_than_there_are_is_refused(train: Path, other: AlsoFile) -> None:
    stage = STAGE.replace(joined=(JOINED.replace(images_per_epoch=3),))
    with pytest.raises(ValueError, match=r"images_per_epoch 3, but .* has 2 images"):
        other_data(train, other, stage)


def test_a_joined_picture_has_the_labels_lists_and_weight_of_its_own_file(
    train: Path, other: AlsoFile
) -> None:
    first, second, of_six, of_seven, _ = samples(train, other)
    assert [s.joined_from for s in (first, second, of_six)] == [None, None, "other"]
    assert [s.image.image_id for s in (first, second, of_six, of_seven)] == [5, 9, 6, 7]
    assert [s.loss_weight for s in (first, of_six, of_seven)] == [1.0, 0.25, 0.25]
    assert first.has_masks and not of_seven.has_masks
    assert of_seven.labels.tolist() == [1] and of_seven.boxes.tolist() == [[4, 6, 14, 14]]
    # Of its absent categories cat is known, yak is not, and hounds are dogs, which are there.
    (verified,) = of_seven.verified
    assert (verified.present.tolist(), verified.absent.tolist()) == ([1], [0])
    (verified,) = second.verified
    assert (verified.present.tolist(), verified.absent.tolist()) == ([1], [2])


def test_groups_of_known_categories_are_ignored_by_rois_and_anchors(
    train: Path, other: AlsoFile
) -> None:
    _, _, of_six, of_seven, _ = samples(train, other)
    assert of_six.labels.tolist() == [0]
    assert of_six.ignore_boxes.tolist() == [[20, 20, 50, 40]]
    assert of_six.ignore_weights.tolist() == [0.0]
    assert of_six.ignore_proposals is not None and of_six.ignore_proposals.tolist() == [True]
    assert of_six.ignore_labels is None and of_seven.ignore_proposals is None
    # A dog in a group is there, also for the list of what is present.
    assert of_six.verified[0].present.tolist() == [0, 1]


def test_joined_pictures_have_augmentations_of_their_own(train: Path, other: AlsoFile) -> None:
    flipped = JOINED.replace(augmentations=(HorizontalFlip(probability=1.0),))
    first, _, _, of_seven, _ = samples(train, other, STAGE.replace(joined=(flipped,)))
    assert first.boxes.tolist() == [[10, 5, 30, 25]]
    assert of_seven.boxes.tolist() == [[46, 6, 56, 14]]


def test_partners_of_a_mix_come_from_the_training_file_alone(train: Path, other: AlsoFile) -> None:
    mixed = JOINED.replace(augmentations=(Mosaic(probability=1.0),))
    _, _, _, of_seven, _ = samples(train, other, STAGE.replace(joined=(mixed,)))
    own, *partners = sorted(of_seven.verified, key=lambda of: of.absent.tolist() != [0])
    assert own.present.tolist() == [1]
    assert {tuple(of.absent.tolist()) for of in partners} <= {(), (2,)}
    assert of_seven.loss_weight == 0.25 and not of_seven.has_masks


def test_what_is_left_out_is_counted(train: Path, other: AlsoFile) -> None:
    (joined,) = other_data(train, other).joined
    assert told_of_images(joined) == (
        "other: 2 of 3 images and 2 instances of 2 categories are learned from; left out are 2"
        " instances of 1 other categories: yak"
    )


def test_pictures_of_a_joined_file_are_looked_at(train: Path, other: AlsoFile) -> None:
    (other.images / "x.png").unlink()
    with pytest.raises(BadInputError, match="no such file") as refused:
        training = Pictures(open_annotations(train), train.parent)
        check_other_data(training, training, STAGE, [other], use_empty_images=False)
    assert f"the folder of other is {other.images}" in str(refused.value)


def test_a_file_that_is_not_given_is_asked_for(train: Path, other: AlsoFile) -> None:
    with pytest.raises(ValueError, match=r"joined: the file other is not given; add --also other="):
        other_data(train, replace(other, name="another"))


def test_exhaustive_labels_of_a_joined_file_verify_its_own_categories_alone(
    train: Path, other: AlsoFile
) -> None:
    tree = other.path.read_text()
    other.path.write_text(tree.replace("[3, 2, 4]", "[]").replace("[3]", "[]"))
    (joined,) = other_data(train, replace(other, exhaustive=True)).joined
    absent = joined.annotations.absent(1)
    assert absent.tolist() == [2, 3]
    sample = samples(train, replace(other, exhaustive=True))[3]
    # Nobody looked for owls, which that file does not know.
    assert torch.equal(sample.verified[0].absent, torch.tensor([0]))
