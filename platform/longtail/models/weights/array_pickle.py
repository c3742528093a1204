"""Pickled numpy arrays, read without running anything that a pickle asks for.

An unpickler calls whatever a file names. Here the few names that numpy's arrays need stand for the
functions of this module, and every other name is refused. The arrays become tensors.
"""

import math
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

NUMBER_CODES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "f2", "f4", "f8"})


class ForeignNameError(pickle.UnpicklingError):
    """A pickle needs something else than arrays; `name` says what, as module.class."""

    def __init__(self, name: str) -> None:
        super().__init__(f"it needs {name}")
        self.name = name


class Number:
    """Stands for `numpy.dtype`.

    Args:
        code: Kind and bytes, as f4.
    """

    def __init__(self, code: str, *_: object) -> None:
        if code not in NUMBER_CODES:
            raise pickle.UnpicklingError(f"an array of type {code!r}, which is no number")
        self.dtype: np.dtype[Any] = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1])


class StoredArray:
    """Stands for `numpy.ndarray`; has `tensor` once its state is read."""

    tensor: Tensor

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, number, is_fortran, content = state
        self.tensor = _tensor(number, shape, content, "F" if is_fortran else "C")


class ArrayUnpickler(pickle.Unpickler):
    """Reads dicts, lists and numbers, with a `StoredArray` for each numpy array.

    Text of Python 2 is read as Latin-1, which keeps the bytes of its arrays.

    Raises:
        ForeignNameError: The file names something else; nothing of it has been called.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin1")

    def find_class(self, module: str, name: str, /) -> Any:
        """The stand-in of a name."""
        full = f"{module}.{name}"
        if full not in STAND_INS:
            raise ForeignNameError(full)
        return STAND_INS[full]


def _tensor(number: Number, shape: tuple[int, ...], content: Any, order: str) -> Tensor:
    dtype = number.dtype
    stored = content.encode("latin1") if isinstance(content, str) else content
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(stored):
        raise pickle.UnpicklingError(f"an array of shape {shape} in {len(stored)} bytes")
    array: np.ndarray[Any, Any] = np.ndarray(
        shape, dtype, stored, order="F" if order == "F" else "C"
    )
    # The copy is writable, in this machine's byte order and in C order.
    return torch.from_numpy(array.astype(dtype.newbyteorder("="), order="C"))


def _reconstruct(array: object, *_: object) -> StoredArray:
    if array is not StoredArray:
        raise pickle.UnpicklingError("a subclass of numpy.ndarray")
    return StoredArray()


def _scalar(number: Number, content: Any) -> StoredArray:
    return _frombuffer(content, number, (), "C")


def _frombuffer(
    content: Any,
    number: Number,
    shape: tuple[int, ...],
    order: str,
    axes: tuple[int, ...] | None = None,
) -> StoredArray:
    array = StoredArray()
    array.tensor = _tensor(number, shape, content, "C" if order == "K" else order)
    if axes is not None:
        array.tensor = array.tensor.permute(axes).contiguous()
    return array


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


STAND_INS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": OrderedDict,
    "_codecs.encode": _encode,
    "__builtin__.bytes": _no_bytes,
    "numpy.ndarray": StoredArray,
    "numpy.dtype": Number,
    **{
        f"numpy.{core}.{name}": stand_in
        for core in ("core", "_core")
        for name, stand_in in (
            ("multiarray._reconstruct", _reconstruct),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _frombuffer),
        )
    },
}
"""What a pickle may name, and what is called instead."""
