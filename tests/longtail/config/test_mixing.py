"""Which lists of transforms a variant refuses, and what partners are drawn by."""

import pytest
from pydantic import ValidationError

from longtail.config.augmentations import Augmentation, Crop, HorizontalFlip, Resize
from longtail.config.mixing import BalancedMosaic, CopyPaste, InstanceJitter, Mixing, Mosaic
from longtail.config.stages import ClassAware, ClassThenImage, Sampler, Stage
from longtail.config.variant import Variant

MIXES: list[Augmentation] = [Mosaic(), BalancedMosaic(), CopyPaste()]


def _variant(*augmentations: Augmentation, sampler: Sampler | None = None) -> Variant:
    """Whose second stage has these."""
    second = Stage(augmentations=augmentations, sampler=sampler or ClassAware())
    return Variant(stages=(Stage(), second))


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: str(mix.name))
def test_a_sampler_that_selects_proposals_mixes_nothing(mix: Augmentation) -> None:
    expected = (
        rf"stages\.1\.augmentations: {mix.name} .*stages\.1\.sampler\.selected_proposals=false"
    )
    with pytest.raises(ValueError, match=expected):
        _variant(mix, sampler=ClassThenImage())
    _variant(mix, sampler=ClassThenImage(selected_proposals=False))


def test_moved_instances_are_those_of_the_picture_itself() -> None:
    _variant(InstanceJitter(), sampler=ClassThenImage())


@pytest.mark.parametrize("before", [Resize(), HorizontalFlip(), CopyPaste()])
def test_a_balanced_mosaic_comes_first(before: Augmentation) -> None:
    expected = rf"stages\.1\.augmentations: balanced_mosaic .*after {before.name}; put it first"
    with pytest.raises(ValueError, match=expected):
        _variant(before, BalancedMosaic())
    _variant(BalancedMosaic(), Crop(), HorizontalFlip(), CopyPaste())


@pytest.mark.parametrize("first", [Mosaic(), BalancedMosaic()], ids=lambda mix: str(mix.name))
def test_a_mosaic_of_mosaics_is_refused(first: Augmentation) -> None:
    expected = rf"stages\.1\.augmentations: {first.name} and mosaic: .*sixteen"
    with pytest.raises(ValueError, match=expected):
        _variant(first, HorizontalFlip(), Mosaic())


def test_a_mosaic_may_follow_a_resize_and_stand_before_copy_paste() -> None:
    _variant(Resize(), HorizontalFlip(), Mosaic(), CopyPaste(), CopyPaste(), InstanceJitter())


def test_partners_are_drawn_uniformly_or_by_a_threshold() -> None:
    laws = [mix.drawn_by for mix in MIXES if isinstance(mix, Mixing)]
    assert laws == [None, 1e-3, None]
    assert Mosaic(partners="repeat_factor", repeat_threshold=0.01).drawn_by == 0.01


def test_shares_of_pictures_that_a_mix_shows_besides() -> None:
    assert Mosaic(probability=0.5).num_partners == 1.5
    assert BalancedMosaic().num_partners == 3
    assert CopyPaste(probability=0.5, instance_probability=0.5).num_partners == 0.25


def test_bounds_are_in_order() -> None:
    with pytest.raises(ValidationError, match="smallest_centre"):
        Mosaic(smallest_centre=0.8)
    with pytest.raises(ValidationError, match="smallest"):
        InstanceJitter(smallest=1.3)


def test_identities_of_variants_without_mixes_stay() -> None:
    assert Variant().fingerprint() == "4d51376b64d6"
