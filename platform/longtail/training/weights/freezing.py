"""Parts that a stage leaves as they are."""

import hashlib
from collections.abc import Iterable
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn

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


class FrozenParts:
    """The bytes that a stage promises to leave as they are.

    Args:
        engine: With the weights that the stage starts from.
        frozen: Names of its frozen parts.

    Attributes:
        sha256: In hex, over the parameters and buffers of these parts.
    """

    def __init__(self, engine: Engine, frozen: Iterable[Part]) -> None:
        parts = engine.parts()
        self._parts = {name: parts[name] for name in sorted(frozen)}
        self.sha256 = self._digest()

    def verify(self) -> None:
        """Stop training whose frozen parts have changed: that is a fault of this program."""
        now = self._digest()
        assert now == self.sha256, (
            f"frozen parts {', '.join(self._parts)} changed: SHA-256 {now}, was {self.sha256}"
        )

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for name, part in self._parts.items():
            for key, tensor in chain(part.named_parameters(), part.named_buffers()):
                digest.update(f"{name} {key} {tensor.dtype} {tuple(tensor.shape)}".encode())
                digest.update(_bytes(tensor))
        return digest.hexdigest()


def _bytes(tensor: Tensor) -> memoryview:
    flat = tensor.detach().cpu().contiguous().flatten()
    return flat.view(torch.uint8).numpy().data
