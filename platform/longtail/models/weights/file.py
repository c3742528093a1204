"""Files of weights by name: of torch, safetensors, and pickled numpy arrays as detectron2's zoo."""

import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from longtail.files import sha256_of
from longtail.models.weights.array_pickle import (
    STAND_INS,
    ArrayUnpickler,
    ForeignNameError,
    StoredArray,
)
from longtail.problems import BadInputError

ZIP_START = b"PK\x03\x04"
OLD_TORCH_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickled number that opens files of `torch.save` before torch 1.6."""
WRAPPERS = ("model", "state_dict", "blobs")
"""Keys under which detectron2, others and Caffe2 keep the weights in a checkpoint."""


@dataclass(frozen=True)
class WeightsFile:
    """What a file holds.

    Attributes:
        path: The file.
        sha256: Its digest in hex digits.
        tensors: By the file's own names, on the CPU.
    """

    path: Path
    sha256: str
    tensors: Mapping[str, Tensor]


def read_weights(path: Path, trust: bool = False) -> WeightsFile:
    """Read the weights of a checkpoint, whatever else it holds.

    The prefix `module.` of distributed training and the momenta of Caffe2 are dropped.

    Args:
        path: A file of `torch.save`, of safetensors, or a pickle of numpy arrays by name.
        trust: Unpickle anything, which can run any code.

    Raises:
        ValueError: The file is missing.
        BadInputError: It is damaged, needs trust, or holds no tensors by name.
    """
    try:
        content = load_content(path, trust)
    except ForeignNameError as error:
        raise BadInputError(
            f"{path}: unpickling it would run {error.name}, so it was not read; only for files of"
            " people you trust, set detector.trust_weights=true (--trust of"
            " longtail.models.weights), or ask its author for a plain state dict"
        ) from None
    named = _unwrapped(content)
    if not isinstance(named, Mapping) or not named:
        raise BadInputError(
            f"{path}: holds {_kind(named)} instead of tensors by name; save a state dict"
        )
    tensors = {name: _as_tensor(path, name, value) for name, value in named.items()}
    return WeightsFile(path, sha256_of(path), _without_additions(tensors))


def load_content(path: Path, trust: bool = False) -> Any:
    """Read whatever a file of weights holds; arrays of a pickle are `StoredArray`.

    Raises:
        ValueError: The file is missing.
        BadInputError: It is damaged or of another kind.
        ForeignNameError: It can only be read with `trust`.
    """
    if path.is_dir():
        raise BadInputError(f"{path}: is a folder; name the file in it, as model.pt")
    if not path.is_file():
        raise ValueError(f"{path}: no such file; give a local file of weights")
    with path.open("rb") as file:
        start = file.read(32)
    try:
        return _load(path, start, trust)
    except ForeignNameError:
        raise
    except Exception as error:  # Damaged pickles raise anything, by Python's documentation.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise BadInputError(
            f"{path}: no readable state dict: {reason}; copy or fetch the file again, or save it"
            " with torch.save"
        ) from None


def _load(path: Path, start: bytes, trust: bool) -> Any:
    if path.suffix == ".safetensors":
        return load_file(path)
    if start.startswith(ZIP_START):
        _require_sound_zip(path)
    if start.startswith(ZIP_START) or OLD_TORCH_MAGIC in start:
        return _load_torch(path, trust)
    if not start:
        raise ValueError("the file is empty")
    if start.startswith((b"<", b"version ")):
        raise ValueError(f"it is text that begins with {start[:16]!r}, not weights")
    with path.open("rb") as file:
        return pickle.load(file, encoding="latin1") if trust else ArrayUnpickler(file).load()


def _load_torch(path: Path, trust: bool) -> Any:
    allowed: list[Any] = [(stand_in, name) for name, stand_in in STAND_INS.items()]
    try:
        with torch.serialization.safe_globals(allowed):
            return torch.load(path, map_location="cpu", weights_only=not trust)
    except pickle.UnpicklingError as error:
        if foreign := re.search(r"GLOBAL (\S+)", str(error)):
            raise ForeignNameError(foreign[1]) from None
        raise


def _require_sound_zip(path: Path) -> None:
    # torch itself loads flipped bits without a word, though it stores checksums.
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise ValueError(f"the checksum of {damaged} in it does not hold")


def _unwrapped(content: Any) -> Any:
    if isinstance(content, Mapping):
        for key in WRAPPERS:
            if isinstance(content.get(key), Mapping):
                return content[key]
    return content


def _as_tensor(path: Path, name: object, value: object) -> Tensor:
    tensor: Any = value
    if isinstance(value, StoredArray):
        tensor = getattr(value, "tensor", None)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        tensor = torch.from_numpy(np.array(value))
    if not (
        isinstance(name, str)
        and isinstance(tensor, Tensor)
        and tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not tensor.is_quantized
    ):
        raise BadInputError(
            f"{path}: {name!r} is {_kind(value)}, no plain tensor; save a state dict of tensors,"
            " alone or under the key 'model'"
        )
    return tensor.detach()


def _without_additions(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = "module." if all(name.startswith("module.") for name in tensors) else ""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if not name.endswith("_momentum")
    }


def _kind(value: object) -> str:
    return "an empty dict" if value == {} else f"a {type(value).__name__}"
