"""The law of partners, and what images are shown by mixes of them."""

from dataclasses import dataclass

import numpy as np
import pytest

from longtail.config.augmentations import Augmentation, HorizontalFlip
from longtail.config.mixing import BalancedMosaic, CopyPaste, InstanceJitter, Mosaic
from longtail.data.lvis.ragged import Ragged, ragged_from_rows
from longtail.data.sampling.partners import partner_probabilities, shown_copies


@dataclass
class Labels:
    """Images given as lists of their categories."""

    images: list[list[int]]

    @property
    def num_images(self) -> int:
        return len(self.images)

    def labels_per_image(self) -> Ragged:
        return ragged_from_rows(self.images)


# Counted ten, five and one times among three images: r is 1, sqrt(2) and sqrt(10).
THREE, THRESHOLD = Labels([[0] * 10, [1] * 5, [2]]), 10 / 3
UNIFORM = np.ones(3)


def _balanced(probability: float = 1.0) -> BalancedMosaic:
    law = BalancedMosaic(probability=probability)
    return law.model_copy(update={"repeat_threshold": THRESHOLD})


def test_partners_are_drawn_by_their_repeat_factors() -> None:
    law = partner_probabilities(THREE, False, THRESHOLD)
    assert law.round(4).tolist() == [0.1793, 0.2536, 0.5671]


def test_uniform_partners_are_images_that_are_used() -> None:
    some = Labels([[0], [], [1], [1]])
    assert partner_probabilities(some, False, None).tolist() == [1 / 3, 0, 1 / 3, 1 / 3]
    assert partner_probabilities(some, True, None).tolist() == [0.25] * 4


def test_a_balanced_mosaic_shows_a_quarter_of_the_sampler_and_three_of_the_partners() -> None:
    shown = shown_copies(THREE, False, UNIFORM, [_balanced()])
    assert shown.sum() == pytest.approx(12)
    assert (shown / shown.sum()).tolist() == pytest.approx([0.2178, 0.2735, 0.5087], abs=1e-4)


@pytest.mark.parametrize(
    ("mixes", "total"),
    [
        ([], 3.0),
        ([InstanceJitter(), HorizontalFlip()], 3.0),
        ([_balanced(0.0)], 3.0),
        ([Mosaic(probability=0.5)], 7.5),
        ([CopyPaste(probability=0.5, instance_probability=0.4)], 3.6),
        ([Mosaic(probability=1.0), CopyPaste(probability=1.0, instance_probability=0.5)], 18.0),
    ],
)
def test_mixes_show_so_many_pictures_an_epoch(mixes: list[Augmentation], total: float) -> None:
    assert shown_copies(THREE, False, UNIFORM, mixes).sum() == pytest.approx(total)


def test_what_only_changes_pictures_changes_no_share() -> None:
    drawn = np.array([1.0, 2.0, 4.0])
    assert shown_copies(THREE, False, drawn, [InstanceJitter()]) is drawn
