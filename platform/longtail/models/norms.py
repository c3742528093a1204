"""The norm layers that a configuration names."""

from collections.abc import Callable
from typing import assert_never

from torch import nn

from longtail.config.detector import ConvolutionNorm
from longtail.models.sync_batch_norm import SyncBatchNorm

NormLayer = Callable[[int], nn.Module]
"""Makes a norm of so many channels."""


def norm_layer(norm: ConvolutionNorm) -> NormLayer | None:
    """What makes the norm after a convolution; None where nothing follows it."""
    match norm:
        case "none":
            return None
        case "batch":
            return nn.BatchNorm2d
        case "sync":
            return SyncBatchNorm
        case _:
            assert_never(norm)
