"""Carry a batch from a loader process to the one that trains.

torch shares each tensor through an open file, and a sample has eight. Sixteen images a step and
four processes would reach the usual limit of 1024 open files, so only large tensors go that way;
the rest travels as bytes.
"""

import io
import pickle
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

LARGE = 1 << 14


@dataclass(frozen=True)
class SharedTensors:
    """A packed object: its tensors of `LARGE` elements or more, and all else pickled."""

    content: bytes
    tensors: list[Tensor]


def pack(value: object) -> SharedTensors:
    """Pack any object that holds CPU tensors."""
    buffer = io.BytesIO()
    packer = _Packer(buffer, protocol=5)
    packer.dump(value)
    return SharedTensors(buffer.getvalue(), packer.tensors)


def unpack(packed: SharedTensors) -> Any:
    """The object that was packed."""
    unpacker = _Unpacker(io.BytesIO(packed.content))
    unpacker.tensors = packed.tensors
    return unpacker.load()


class _Packer(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO, protocol: int) -> None:
        super().__init__(buffer, protocol)
        self.tensors: list[Tensor] = []

    def persistent_id(self, value: Any) -> int | None:
        if not isinstance(value, Tensor) or value.numel() < LARGE:
            return None
        self.tensors.append(value)
        return len(self.tensors) - 1

    def reducer_override(self, value: Any) -> Any:
        # A tensor's own way goes through torch.save, several times slower than numpy's.
        return (torch.from_numpy, (value.numpy(),)) if isinstance(value, Tensor) else NotImplemented


class _Unpacker(pickle.Unpickler):
    tensors: list[Tensor]

    def persistent_load(self, number: Any) -> Tensor:
        tensor: Tensor = self.tensors[number]
        return tensor
