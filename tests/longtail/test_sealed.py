"""A sealed JSON object: anybody reads it, and every flipped bit of it is noticed."""

import hashlib
import json
from pathlib import Path

import pytest

from longtail.sealed import (
    DamagedError,
    read_sealed,
    read_sealed_json,
    seal,
    unseal,
    write_sealed_json,
)

TREE = {"AP": 1 / 3, "files": {"a": [1, 2, "}"]}}
COMPACT = json.dumps(TREE, separators=(",", ":")).encode()
INDENTED = json.dumps(TREE, indent=2).encode() + b"\n"


@pytest.mark.parametrize("document", [COMPACT, INDENTED])
def test_a_sealed_object_is_json_with_one_more_field(document: bytes) -> None:
    sealed = seal(document)
    tree = json.loads(sealed)
    digest = tree.pop("sha256")
    assert tree == TREE and json.loads(unseal(sealed)) == TREE
    assert list(json.loads(sealed))[-1] == "sha256"
    # By hand: all that stands before the field.
    head = sealed[: sealed.rindex(b",")]
    assert digest == hashlib.sha256(head).hexdigest()


def test_the_layout_stays(tmp_path: Path) -> None:
    assert seal(COMPACT).count(b"\n") == 0
    lines = seal(INDENTED).splitlines()
    assert lines[-2].startswith(b'  "sha256": "') and lines[-1] == b"}"
    assert seal(b'{"a":1}').startswith(b'{"a":1,"sha256": "')


@pytest.mark.parametrize("document", [COMPACT, INDENTED])
def test_every_flipped_bit_is_noticed_or_means_nothing(document: bytes) -> None:
    sealed = seal(document)
    unnoticed = 0
    for bit in range(8 * len(sealed)):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << (bit % 8)
        try:
            found = unseal(bytes(damaged))
        except ValueError:
            continue
        unnoticed += 1
        assert json.loads(found) == TREE
    # White space around the seal.
    assert unnoticed < 10


def test_every_missing_end_is_noticed() -> None:
    sealed = seal(COMPACT)
    for length in range(len(sealed)):
        with pytest.raises(ValueError):
            unseal(sealed[:length])


def test_a_damaged_file_and_one_without_a_seal_are_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_sealed_json(path, TREE)
    assert read_sealed_json(path, "") == TREE and json.loads(read_sealed(path, "")) == TREE
    path.write_bytes(path.read_bytes().replace(b"0.33", b"0.34"))
    with pytest.raises(DamagedError, match=r"x\.json: damaged, it does not match.*; do it again"):
        read_sealed(path, "do it again")
    path.write_bytes(INDENTED)
    with pytest.raises(DamagedError, match=r"x\.json: does not end in its SHA-256.*; do it again"):
        read_sealed(path, "do it again")
    with pytest.raises(FileNotFoundError):
        read_sealed(tmp_path / "none.json", "do it again")
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_a_failed_writing_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    write_sealed_json(tmp_path / "x.json", TREE)
    with pytest.raises(TypeError):
        write_sealed_json(tmp_path / "x.json", {"a": object()})
    assert read_sealed_json(tmp_path / "x.json", "") == TREE
