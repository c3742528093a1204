"""From a neck's configuration to its module. C channels."""

from collections.abc import Sequence
from typing import assert_never

from longtail.config import detector as config
from longtail.models.necks.base import Levels, Neck
from longtail.models.necks.feature_pyramid import FeaturePyramid
from longtail.models.norms import norm_layer


def build_neck(neck: config.Neck, in_channels: Sequence[int], channels: int) -> Neck:
    """The module a configuration names, with new weights.

    Args:
        neck: Which, and its parameters.
        in_channels: Of the backbone's maps of stride 4, 8, 16 and 32.
        channels: C of every level.
    """
    match neck:
        case config.FeaturePyramid(norm=norm):
            return FeaturePyramid(in_channels, channels, norm_layer(norm))
        case _:
            assert_never(neck)


def levels_of(neck: config.Neck) -> Levels:
    """The levels that the neck will have, for what is configured before it is built."""
    match neck:
        case config.FeaturePyramid():
            return FeaturePyramid.levels
        case _:
            assert_never(neck)
