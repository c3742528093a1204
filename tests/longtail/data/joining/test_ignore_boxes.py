"""Boxes of another file over the training images."""

from pathlib import Path

import numpy as np
import pytest
from support.pictures.lvis_files import box, category, image, write_lvis

from longtail.config.augmentations import HorizontalFlip
from longtail.config.classifiers import Sigmoid
from longtail.config.other_data.ignored import IgnoreBoxes
from longtail.config.stages import Stage
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.check import told_of_boxes
from longtail.data.joining.other_data import OtherData, open_other_data
from longtail.data.loading.load_sample import load_sample
from longtail.data.loading.scenes.pictures import TrainingPictures
from longtail.data.loading.transforms.build import build_transforms
from longtail.data.lvis.annotations import open_annotations
from longtail.problems import BadInputError


@pytest.fixture
def boxes(tmp_path: Path) -> AlsoFile:
    """Of image 9 of the training file by its id, of image 5 by the name of its file."""
    path = write_lvis(
        tmp_path / "boxes.json",
        [image(9, "else.png"), image(1, "deep/a.png")],
        [
            box(9, 1, 50, 30, 20, 20),
            box(9, 2, 0, 0, 8, 8, iscrowd=1),
            box(1, 1, 2, 2, 4, 6),
            box(9, 1, 0, 0, 0, 5),
        ],
        [category(1, "dog.n.01"), category(2, "yak.n.01")],
        pictures=False,
    )
    return AlsoFile("boxes", path, tmp_path)


def opened(train: Path, boxes: AlsoFile, **rule: object) -> OtherData:
    ignore = IgnoreBoxes.model_validate({"file": "boxes", **rule})
    stage = Stage(classifier=Sigmoid(), ignore=(ignore,))
    return open_other_data(open_annotations(train), stage, [boxes], use_empty_images=False)


def test_boxes_of_matched_images_are_cut_to_them_crowds_as_well(
    train: Path, boxes: AlsoFile
) -> None:
    found = opened(train, boxes)
    assert found.ignored_in(0).boxes.tolist() == [[2, 2, 6, 8]]
    second = found.ignored_in(1)
    assert second.boxes.tolist() == [[50, 30, 60, 40], [0, 0, 8, 8]]
    assert second.weights.tolist() == [0.5, 0.5]
    assert not second.proposals.any() and second.labels.tolist() == [-1, -1]
    (file,) = found.ignored
    assert told_of_boxes(file, open_annotations(train)) == (
        "boxes: 4 ignore boxes in 2 of 2 training images"
    )


def test_boxes_of_their_own_category_are_those_of_known_ones(train: Path, boxes: AlsoFile) -> None:
    found = opened(train, boxes, categories="own", weight=0, proposals=True).ignored_in(1)
    assert found.boxes.tolist() == [[50, 30, 60, 40]]
    assert (found.labels.tolist(), found.weights.tolist()) == ([1], [0])
    assert found.proposals.tolist() == [True]


def test_ignore_boxes_go_through_the_transforms(train: Path, boxes: AlsoFile) -> None:
    data = opened(train, boxes, categories="own", proposals=True)
    pictures = TrainingPictures(open_annotations(train), train.parent, other=data)
    flip = build_transforms((HorizontalFlip(probability=1.0),))
    sample = load_sample(pictures, 1, flip, np.random.default_rng(0))
    assert sample.ignore_boxes.tolist() == [[0, 30, 10, 40]]
    assert sample.ignore_weights.tolist() == [0.5]
    assert sample.ignore_labels is not None and sample.ignore_labels.tolist() == [1]
    assert sample.ignore_proposals is not None and sample.ignore_proposals.tolist() == [True]


def test_a_file_of_other_images_is_refused(train: Path, other: AlsoFile) -> None:
    stage = Stage(ignore=(IgnoreBoxes(file="other"),))
    with pytest.raises(BadInputError, match="none of its 3 images is one of"):
        open_other_data(open_annotations(train), stage, [other], use_empty_images=False)
