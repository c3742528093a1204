"""What every neck offers. N images, C channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn


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


class Backbone(Protocol):
    """The network below a neck, as the neck sees it; also an `nn.Module`.

    Attributes:
        channels: Of the maps of stride 4, 8, 16 and 32.
        channels_last: Whether its blocks pass (N, h, w, C) on inside of it.
    """

    channels: list[int]
    channels_last: bool

    def __call__(self, images: Tensor) -> list[Tensor]:
        """(N, 3, H, W) normalised images -> one (N, C, H / stride, W / stride) map a stride."""
        ...

    def first_blocks(self) -> list[nn.Module]:
        """The first block of the stage that each map comes from, finest first."""
        ...


class Neck(Protocol):
    """A module with levels of C channels each."""

    @property
    def levels(self) -> Levels:
        """Names and strides of what it makes."""
        ...

    def __call__(self, images: Tensor, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """The levels of a batch.

        Args:
            images: (N, 3, H, W) normalised; for necks that look again.
            maps: The backbone's, of stride 4, 8, 16 and 32.

        Returns:
            (N, C, H / stride, W / stride) by level name, finest first.
        """
        ...
