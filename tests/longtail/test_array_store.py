"""Stores of arrays: what is written is what is read, and damage is noticed."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from longtail.array_store import (
    ArrayWriter,
    OtherVersionError,
    StoreFormat,
    read_array_store,
    write_array_store,
)
from longtail.sealed import DamagedError, unseal, write_sealed, write_sealed_json

FORMAT = StoreFormat("store.json", 3, "make it again")
ARRAYS = {
    "boxes": np.arange(8.0).reshape(2, 4),
    "flags": np.array([True, False, True]),
    "nothing": np.empty((0, 3), dtype=np.int64),
    "turned": np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
}
NOTES = {"kind": "segm", "ids": [1, 2]}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_array_store(tmp_path, FORMAT, ARRAYS, NOTES)
    return tmp_path


def test_arrays_and_notes_come_back(store: Path) -> None:
    found = read_array_store(store, FORMAT)
    assert found.notes == NOTES
    assert {*found.arrays} == {*ARRAYS}
    for name, values in ARRAYS.items():
        assert found.arrays[name].dtype == values.dtype
        assert np.array_equal(found.arrays[name], values)
        assert type(found.arrays[name]) is np.ndarray


def test_arrays_are_plain_npy_files(store: Path) -> None:
    for name, values in ARRAYS.items():
        assert np.array_equal(np.load(store / f"{name}.npy"), values)


def test_arrays_are_read_only(store: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        read_array_store(store, FORMAT).arrays["boxes"][0, 0] = 9


def test_an_array_may_be_written_piece_by_piece(tmp_path: Path) -> None:
    writer = ArrayWriter(tmp_path, FORMAT)
    stream = writer.stream("points", np.float64, (2,))
    for rows in (ARRAYS["boxes"][:, :2], np.empty((0, 2)), np.ones((1, 2), dtype=np.float32)):
        stream.append(rows)
    writer.finish({})
    writer.release()
    found = read_array_store(tmp_path, FORMAT).arrays["points"]
    assert found.tolist() == [[0, 1], [4, 5], [1, 1]]


def test_a_store_without_a_manifest_is_not_there(store: Path) -> None:
    (store / "store.json").unlink()
    with pytest.raises(FileNotFoundError):
        read_array_store(store, FORMAT)


def test_another_version_is_told_with_the_remedy(store: Path) -> None:
    with pytest.raises(OtherVersionError, match="is 3 and this program reads 4; make it again"):
        read_array_store(store, StoreFormat("store.json", 4, "make it again"))


def change_manifest(store: Path, change: Callable[[dict[str, object]], object]) -> None:
    tree = json.loads(unseal((store / "store.json").read_bytes()))
    change(tree)
    write_sealed_json(store / "store.json", tree)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda s: os.truncate(s / "boxes.npy", 100), r"boxes\.npy: missing, or not the 192"),
        (lambda s: (s / "flags.npy").unlink(), r"flags\.npy: missing, or not the 131"),
        (lambda s: os.truncate(s / "store.json", 100), r"store\.json: does not end in its SHA"),
        (lambda s: write_sealed(s / "store.json", b'{"a": 1}'), r"store\.json is damaged"),
        (lambda s: change_manifest(s, lambda t: t.pop("arrays")), r"store\.json is damaged"),
        (lambda s: change_manifest(s, lambda t: t.update(more=1)), r"store\.json is damaged"),
    ],
)
@pytest.mark.parametrize("verify", [True, False])
def test_a_torn_store_is_told_with_the_remedy(
    damage: Callable[[Path], None], text: str, verify: bool, store: Path
) -> None:
    damage(store)
    with pytest.raises(DamagedError, match=rf"{text}.*; make it again"):
        read_array_store(store, FORMAT, verify=verify)


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_a_flipped_bit_is_told_where_digests_are_compared(store: Path) -> None:
    flip(store / "boxes.npy", -1)
    with pytest.raises(DamagedError, match=r"boxes\.npy: damaged, .*; make it again"):
        read_array_store(store, FORMAT)
    assert len(read_array_store(store, FORMAT, verify=False).arrays) == len(ARRAYS)


def test_another_header_is_told_without_digests(store: Path) -> None:
    content = (store / "boxes.npy").read_bytes()
    (store / "boxes.npy").write_bytes(content.replace(b"<f8", b"<i8"))
    with pytest.raises(DamagedError, match=r"not the <f8 of \(2, 4\) written; make it again"):
        read_array_store(store, FORMAT, verify=False)
    flip(store / "boxes.npy", 0)
    with pytest.raises(DamagedError, match=r"boxes\.npy: no array"):
        read_array_store(store, FORMAT, verify=False)
