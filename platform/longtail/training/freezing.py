"""Parts that a stage leaves as they are."""

from collections.abc import Iterable
from typing import cast

from torch import nn

from longtail.config.stages import Part
from longtail.engines.base import Engine


def freeze(engine: Engine, frozen: Iterable[Part]) -> None:
    """Take the gradient away from the named parts: the optimizer leaves them out."""
    parts = engine.parts()
    for name in frozen:
        parts[name].requires_grad_(False)


def set_training_mode(engine: Engine, frozen: Iterable[Part]) -> None:
    """Put the model in training mode and its frozen parts in evaluation mode.

    A frozen part computes what it will compute at test time: its batch norms keep their statistics.
    """
    cast(nn.Module, engine).train()
    parts = engine.parts()
    for name in frozen:
        parts[name].eval()
