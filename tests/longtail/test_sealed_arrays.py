"""Arrays in a zip archive whose comment is its digest."""

import hashlib
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from longtail.sealed import DamagedError
from longtail.sealed_arrays import read_arrays, write_arrays

ARRAYS = {"a": np.arange(5), "b": np.array([[0.5, 1 / 3]]), "names": np.array(["r", "cf"])}


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_come_back_and_numpy_reads_them_too(compressed: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    write_arrays(path, ARRAYS, compressed)
    found = read_arrays(path, "")
    with np.load(path, allow_pickle=False) as file, ZipFile(path) as archive:
        assert {*file.files} == {*found} == {*ARRAYS}
        assert archive.testzip() is None
        assert archive.comment.decode() == hashlib.sha256(path.read_bytes()[:-64]).hexdigest()
        for name, array in ARRAYS.items():
            assert np.array_equal(file[name], array) and np.array_equal(found[name], array)
            assert found[name].dtype == array.dtype
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_flipped_bit_is_noticed(compressed: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    write_arrays(path, {"a": np.arange(2)}, compressed)
    whole = path.read_bytes()
    # A prime: every bit of a byte, and every field, has its turn.
    for bit in range(0, 8 * len(whole), 7):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(damaged)
        with pytest.raises(DamagedError, match=r"x\.npz: .*; make it again"):
            read_arrays(path, "make it again")


def test_every_other_length_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    write_arrays(path, ARRAYS)
    whole = path.read_bytes()
    for content in (*(whole[:length] for length in range(0, len(whole), 7)), whole + b"\0"):
        path.write_bytes(content)
        with pytest.raises(DamagedError, match=r"x\.npz"):
            read_arrays(path, "make it again")


def test_a_file_of_numpy_has_no_digest(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **ARRAYS)
    with pytest.raises(DamagedError, match=r"does not end in its SHA-256.*; make it again"):
        read_arrays(tmp_path / "x.npz", "make it again")


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.array([None]))
    content = path.read_bytes()[:-2] + (64).to_bytes(2, "little")
    path.write_bytes(content + hashlib.sha256(content).hexdigest().encode())
    with pytest.raises(DamagedError, match="no file of arrays"):
        read_arrays(path, "make it again")


def test_a_failed_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        write_arrays(tmp_path / "x.npz", {"a": np.array([None])})
    assert list(tmp_path.iterdir()) == []
