from collections.abc import Callable

import torch
from support.pictures.unannotated import unannotated

from longtail.data.loading.sample import Sample, VerifiedCategories
from longtail.engines.targets import roi_targets, verified_rows

CPU = torch.device("cpu")


def test_present_and_absent_categories_are_both_verified() -> None:
    first = VerifiedCategories(present=torch.tensor([0, 2]), absent=torch.tensor([4]))
    second = VerifiedCategories(present=torch.tensor([1]), absent=torch.zeros(0, dtype=torch.long))
    assert verified_rows((first, second), num_categories=5).tolist() == [
        [True, False, True, False, True],
        [False, True, False, False, False],
    ]


def test_without_sources_nothing_is_verified() -> None:
    assert verified_rows((), num_categories=3).tolist() == [[False, False, False]]


def test_targets_are_those_of_the_sample(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(
        instances=2,
        has_masks=False,
        loss_weight=0.3,
        drawn_category=1,
        background_per_foreground=2.0,
    )
    targets = roi_targets(sample, 6, CPU)
    assert torch.equal(targets.boxes, sample.boxes)
    assert torch.equal(targets.labels, sample.labels)
    assert targets.masks is sample.masks
    assert targets.verified.tolist() == [[True, True, False, False, False, True]]
    assert (targets.has_masks, targets.loss_weight) == (False, 0.3)
    assert (targets.drawn_category, targets.background_per_foreground) == (1, 2.0)


def test_image_alone_has_empty_targets(make_sample: Callable[..., Sample]) -> None:
    targets = roi_targets(unannotated(make_sample().image), 6, CPU)
    assert targets.boxes.shape == (0, 4)
    assert targets.verified.shape == (1, 6)
