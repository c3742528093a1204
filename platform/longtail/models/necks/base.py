"""What every neck offers. N images, C channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class Levels:
    """The levels of a neck, finest first. Proposals are made on all of them.

    Attributes:
        names: Their keys.
        strides: Pixels of the network's input per cell, powers of 2, each twice the one before.
        num_pooled: RoIs are pooled from so many of the finest; the others serve large proposals
            only.
    """

    names: tuple[str, ...]
    strides: tuple[int, ...]
    num_pooled: int

    @property
    def pooled_names(self) -> tuple[str, ...]:
        """Keys of the levels that RoIs are pooled from."""
        return self.names[: self.num_pooled]

    @property
    def pooled_strides(self) -> tuple[int, ...]:
        """Strides of the levels that RoIs are pooled from."""
        return self.strides[: self.num_pooled]


class Neck(Protocol):
    """A module with levels of C channels each."""

    @property
    def levels(self) -> Levels:
        """Names and strides of what it makes."""
        ...

    def __call__(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """The backbone's maps of stride 4, 8, 16 and 32 -> (N, C, H / stride, W / stride) by level
        name, finest first."""
        ...
