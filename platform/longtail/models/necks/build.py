"""From a neck's configuration to its module. C channels."""

from typing import assert_never

from longtail.config import detector as config
from longtail.models.necks.base import Backbone, Levels, Neck
from longtail.models.necks.feature_pyramid import FeaturePyramid
from longtail.models.necks.recursive_feature_pyramid import RecursiveFeaturePyramid
from longtail.models.norms import norm_layer


def build_neck(neck: config.Neck, backbone: Backbone, channels: int) -> Neck:
    """The module a configuration names, with new weights.

    Args:
        neck: Which, and its parameters.
        backbone: The network below, with its initial weights.
        channels: C of every level.

    Raises:
        ValueError: The backbone has no stages of blocks, which the neck needs.
    """
    match neck:
        case config.FeaturePyramid(norm=norm):
            return FeaturePyramid(backbone.channels, channels, norm_layer(norm))
        case config.RecursiveFeaturePyramid(steps=steps, dilations=dilations, norm=norm):
            norms = norm_layer(norm)
            return RecursiveFeaturePyramid(backbone, channels, steps, dilations, norms)
        case _:
            assert_never(neck)


def levels_of(neck: config.Neck) -> Levels:
    """The levels that the neck will have, for what is configured before it is built."""
    match neck:
        case config.FeaturePyramid():
            return FeaturePyramid.levels
        case config.RecursiveFeaturePyramid():
            return RecursiveFeaturePyramid.levels
        case _:
            assert_never(neck)
