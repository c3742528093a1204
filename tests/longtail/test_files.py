"""What is written appears whole or not at all, with nothing left beside it."""

import errno
import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from longtail.files import (
    new_directory,
    replacing,
    set_aside,
    sha256_of,
    write_bytes,
    write_if_absent,
    write_json,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    # FIPS 180-4, example 1.
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(tmp_path / "a") == known


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    for content in (b"before", b"", b"after\r\n"):
        write_bytes(path, content)
        assert path.read_bytes() == content and names(tmp_path) == ["a.bin"]


def test_a_failed_writing_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"before")
    with pytest.raises(RuntimeError), replacing(path) as partial:
        partial.write_bytes(b"half")
        assert path.read_bytes() == b"before"
        raise RuntimeError
    assert path.read_bytes() == b"before" and names(tmp_path) == ["a.bin"]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with replacing(path) as first:
        first.write_bytes(b"first")
        with replacing(path) as second:
            second.write_bytes(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first" and names(tmp_path) == ["a.bin"]


def test_the_temporary_name_is_hidden_and_begins_with_the_other(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.bin") as partial:
        assert partial.parent == tmp_path and partial.name.startswith(".a.bin.")
        partial.touch()


def test_text_is_utf_8_with_its_own_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "\u00e9\r\n\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\r\n\n"


def test_json_has_the_layout_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": [1]})
    assert path.read_text() == '{\n  "a": [\n    1\n  ]\n}\n'
    write_json(path, {"a": 1}, indent=1, end="")
    assert path.read_text() == '{\n "a": 1\n}'
    write_json(path, {"a": [1, 2]}, indent=None, end="")
    assert path.read_text() == '{"a":[1,2]}'


def test_what_is_no_json_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1}, end="")
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    with pytest.raises(ValueError):
        write_json(path, {"a": math.nan})
    assert path.read_text() == '{\n  "a": 1\n}' and names(tmp_path) == ["a.json"]
    write_json(path, math.nan, end="", allow_nan=True)
    assert path.read_text() == "NaN"


def test_the_first_to_write_decides(tmp_path: Path) -> None:
    path = tmp_path / "token"
    write_if_absent(path, b"first")
    write_if_absent(path, b"second")
    assert path.read_bytes() == b"first" and names(tmp_path) == ["token"]


def test_a_secret_is_never_readable_by_others(tmp_path: Path, usual_umask: None) -> None:
    write_if_absent(tmp_path / "secret", b"x", stat.S_IRUSR | stat.S_IWUSR)
    write_if_absent(tmp_path / "open", b"x")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o644


def test_a_directory_appears_when_it_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with new_directory(out) as partial:
        (partial / "a").write_text("x")
        assert not out.exists() and partial.parent == out.parent
    assert names(out) == ["a"] and names(out.parent) == ["out"]


def test_a_directory_that_failed_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_directory(tmp_path / "out") as partial:
        (partial / "a").write_text("x")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="out exists already; remove it or choose another name"):
        with new_directory(tmp_path / "out"):
            pass
    with pytest.raises(ValueError, match="out holds a store already; remove it"):
        with new_directory(tmp_path / "out", "holds a store"):
            pass
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("is_folder", [False, True])
def test_what_is_set_aside_is_back_after_an_error_and_gone_after_success(
    tmp_path: Path, is_folder: bool
) -> None:
    path = tmp_path / "out"
    path.mkdir() if is_folder else path.write_text("before")
    with pytest.raises(KeyError), set_aside(path):
        assert not path.exists()
        raise KeyError
    assert path.is_dir() == is_folder
    with set_aside(path):
        path.write_text("after")
    assert path.read_text() == "after"
    assert [found.name for found in tmp_path.iterdir()] == ["out"]


def test_an_error_names_the_file_and_not_its_temporary_name(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "a.csv"
    with pytest.raises(FileNotFoundError) as raised:
        write_text(path, "1")
    assert str(raised.value) == f"[Errno 2] No such file or directory: '{path}'"


def test_a_full_disk_is_told_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(OSError, match="No space") as raised, replacing(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(raised.value) == f"[Errno 28] No space left on device: '{path}'"
