"""Bounds of transforms that leave nothing, or everything, are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from longtail.config.augmentations import (
    Augmentation,
    Blur,
    Crop,
    Cutout,
    LargeScaleJitter,
    MultiScale,
    Rotation,
    ScaleJitter,
)
from longtail.config.base import config_classes
from longtail.config.mixing import InstanceJitter, Mosaic
from longtail.config.variant import Variant


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (MultiScale, {"smallest_side": 900, "largest_side": 800}, "smallest_side 900 is over larg"),
        (MultiScale, {"smallest_side": 500, "long_side_cap": 400}, "500 is over long_side_cap 400"),
        (ScaleJitter, {"smallest": 2.0}, "smallest 2 is over largest 1.5; exchange them"),
        (ScaleJitter, {"long_side_cap": 400}, "short_side 800 is over long_side_cap 400"),
        (LargeScaleJitter, {"smallest": 3.0}, "smallest 3 is over largest 2"),
        (Crop, {"smallest": 0.8, "largest": 0.5}, "smallest 0.8 is over largest 0.5"),
        (Blur, {"smallest_sigma": 3.0}, "smallest_sigma 3 is over largest_sigma 2"),
        (Cutout, {"fewest": 4}, "fewest 4 is over most 3"),
        (Cutout, {"smallest": 0.5}, "smallest 0.5 is over largest 0.2"),
        (Cutout, {"largest": 1.0}, "less than 1"),
        (Rotation, {"degrees": 181.0}, "less than or equal to 180"),
        (Mosaic, {"smallest_centre": 0.9}, "smallest_centre 0.9 is over largest_centre 0.75"),
        (InstanceJitter, {"smallest": 1.5}, "smallest 1.5 is over largest 1.2"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(
    kind: type[Any], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        kind(**fields)


def test_every_kind_is_named_by_its_name_alone() -> None:
    for kind in config_classes(Augmentation):
        name = kind.model_fields["name"].default
        changed = Variant().override({"augmentations": [name]})
        assert changed.stages[0].augmentations == (kind(),)
