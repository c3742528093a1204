"""Files of weights, sound and hostile."""

import hashlib
import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from longtail.models.weights.file import read_weights
from longtail.problems import BadInputError

WEIGHTS = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.tensor([1, 2])}
ARRAYS = {name: value.numpy() for name, value in WEIGHTS.items()}


class RunsACommand:
    """Unpickling it makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.trace}",)


def _pickled(content: Any, path: Path, protocol: int = 2) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def _same(tensors: object, expected: dict[str, Tensor] = WEIGHTS) -> bool:
    assert isinstance(tensors, dict)
    return list(tensors) == list(expected) and all(
        torch.equal(tensors[name], value) for name, value in expected.items()
    )


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        OrderedDict(WEIGHTS),
        {"model": WEIGHTS, "iteration": 3, "optimizer": {"state": {}}},
        {"state_dict": {f"module.{name}": value for name, value in WEIGHTS.items()}},
        {"model": ARRAYS, "best": np.float64(3.5)},
    ],
    ids=["plain", "ordered", "trainer", "distributed", "arrays"],
)
def test_checkpoints_of_torch_are_read(content: Any, is_zip: bool, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=is_zip)
    assert _same(read_weights(tmp_path / "w.pth").tensors)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("wrapped", [True, False])
def test_pickled_arrays_are_read(wrapped: bool, protocol: int, tmp_path: Path) -> None:
    zoo = {"model": ARRAYS, "__author__": "somebody", "matching_heuristics": True}
    path = _pickled(zoo if wrapped else ARRAYS, tmp_path / "w.pkl", protocol)
    assert _same(read_weights(path).tensors)


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize(
    "array",
    [
        np.asfortranarray(np.arange(6, dtype=np.float16).reshape(2, 3)),
        np.arange(24, dtype=np.int8).reshape(2, 3, 4).transpose(1, 0, 2),
        np.arange(6, dtype=">f8").reshape(2, 3),
        np.array([True, False]),
        np.zeros((0, 3), np.float32),
        np.array(7),
        np.float32(7),
    ],
    ids=["columns", "transposed", "big-endian", "bool", "empty", "no axis", "scalar"],
)
def test_every_layout_and_type_of_numbers_is_read(
    array: Any, protocol: int, tmp_path: Path
) -> None:
    path = _pickled({"model": {"x": array}}, tmp_path / "w.pkl", protocol)
    found = read_weights(path).tensors["x"]
    assert found.shape == array.shape and np.array_equal(found.numpy(), array)


def test_text_of_python_2_is_read(tmp_path: Path) -> None:
    # Python 2 wrote the bytes of an array as its text, which is Latin-1 to Python 3.
    number = b"cnumpy\ndtype\n(S'f4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    state = b"(I1\n(I1\nt" + number + b"I00\nS'\\x00\\x00\\xc0\\xff'\ntb"
    (tmp_path / "R-50.pkl").write_bytes(b"(dS'conv1_w'\n" + array + state + b"s.")
    value = read_weights(tmp_path / "R-50.pkl").tensors["conv1_w"]
    assert value.numpy().tobytes() == b"\x00\x00\xc0\xff"


def test_caffe2_blobs_are_read_without_their_momenta(tmp_path: Path) -> None:
    blobs = {"conv1_w": ARRAYS["a.weight"], "conv1_w_momentum": ARRAYS["a.weight"]}
    path = _pickled({"blobs": blobs, "cfg": "MODEL: x"}, tmp_path / "model.pkl")
    assert list(read_weights(path).tensors) == ["conv1_w"]


def test_safetensors_are_read_and_the_digest_is_the_files(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "w.safetensors")
    file = read_weights(tmp_path / "w.safetensors")
    assert set(file.tensors) == set(WEIGHTS)
    assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["pickle", "zip", "old torch"])
def test_code_in_a_file_is_not_run_without_trust(kind: str, tmp_path: Path) -> None:
    trace, path = tmp_path / "trace", tmp_path / "w.pth"
    content = {"model": WEIGHTS if kind != "pickle" else ARRAYS, "hooks": RunsACommand(trace)}
    if kind == "pickle":
        _pickled(content, path)
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(BadInputError, match=r"w\.pth: .*(posix|os)\.system.*trust_weights=true"):
        read_weights(path)
    assert not trace.exists()
    assert _same(read_weights(path, trust=True).tensors)
    assert trace.exists()


@pytest.mark.parametrize(
    "named",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\nload\n(S'x'\ntR.",
        b"cnumpy.core.multiarray\nfromfile\n.",
        b"ctorch.storage\n_load_from_bytes\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.data\x93.",
    ],
)
def test_every_other_name_is_refused(named: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(named)
    with pytest.raises(BadInputError, match="trust_weights=true"):
        read_weights(tmp_path / "w.pkl")


@pytest.mark.parametrize(
    "array",
    [
        np.array([{}, None], dtype=object),
        np.array(["text"]),
        np.zeros(2, dtype=[("x", "f4"), ("y", "f4")]),
        np.zeros(2, dtype=np.complex64),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
    ],
    ids=["objects", "text", "records", "complex", "dates"],
)
def test_arrays_of_anything_but_numbers_are_refused(array: Any, tmp_path: Path) -> None:
    path = _pickled({"x": array}, tmp_path / "w.pkl")
    with pytest.raises(BadInputError, match=r"w\.pkl: no readable state dict: an array of type"):
        read_weights(path)


def test_an_array_larger_than_its_bytes_is_refused(tmp_path: Path) -> None:
    # The shape (2, 3) is pickled as two small numbers.
    content = pickle.dumps(ARRAYS["a.weight"], protocol=2)
    assert content.count(b"K\x02K\x03\x86") == 1
    huge = content.replace(b"K\x02K\x03\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86")
    (tmp_path / "w.pkl").write_bytes(huge)
    with pytest.raises(BadInputError, match=r"an array of shape .* in 24 bytes"):
        read_weights(tmp_path / "w.pkl")


@pytest.mark.parametrize("kind", ["zoo.pkl", "zip.pth", "old.pth", "flat.safetensors"])
def test_a_truncated_file_is_refused_wherever_it_ends(kind: str, tmp_path: Path) -> None:
    path = tmp_path / kind
    if kind == "zoo.pkl":
        _pickled({"model": ARRAYS}, path)
    elif kind == "flat.safetensors":
        save_file(WEIGHTS, path)
    else:
        torch.save(WEIGHTS, path, _use_new_zipfile_serialization=kind == "zip.pth")
    content = path.read_bytes()
    for length in {0, *range(1, len(content), max(len(content) // 40, 1)), len(content) - 1}:
        path.write_bytes(content[:length])
        with pytest.raises(BadInputError, match=kind):
            read_weights(path)


def test_a_flipped_bit_in_the_values_of_a_torch_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"x": torch.full((64,), 0.5)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(torch.full((64,), 0.5).numpy().tobytes()) + 10] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"checksum of .* does not hold"):
        read_weights(path)


@pytest.mark.parametrize(
    "content",
    [b"<!DOCTYPE html><html>not found</html>", b"version https://git-lfs.github.com/spec/v1\n"],
)
def test_a_page_or_a_pointer_in_place_of_a_file_is_shown(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(content)
    with pytest.raises(BadInputError, match="it is text that begins with"):
        read_weights(tmp_path / "w.pkl")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "holds an empty dict"),
        ({"model": {}}, "holds an empty dict"),
        ([1, 2], "holds a list"),
        ({"x": "text"}, "'x' is a str, no plain tensor"),
        ({"model": {"x": 3}}, "'x' is a int, no plain tensor"),
        ({3: torch.zeros(1)}, "3 is a Tensor, no plain tensor"),
        ({"x": torch.zeros(2).to_sparse()}, "'x' is a Tensor, no plain tensor"),
    ],
)
def test_anything_but_tensors_by_name_is_refused(content: Any, said: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(BadInputError, match=rf"w\.pth: {said}"):
        read_weights(tmp_path / "w.pth")


def test_a_whole_model_is_no_state_dict_even_with_trust(tmp_path: Path) -> None:
    torch.save({"model": nn.Linear(2, 3)}, tmp_path / "w.pth")
    with pytest.raises(BadInputError, match="'model' is a Linear, no plain tensor; save a state"):
        read_weights(tmp_path / "w.pth", trust=True)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.pkl: no such file"):
        read_weights(tmp_path / "absent.pkl")
    with pytest.raises(BadInputError, match="is a folder; name the file in it"):
        read_weights(tmp_path)
