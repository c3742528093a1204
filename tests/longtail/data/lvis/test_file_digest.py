import hashlib
import os
from pathlib import Path

from longtail.data.lvis.file_digest import file_digest

OLD = 1_600_000_000


def written(path: Path, content: bytes, age: int = OLD) -> Path:
    path.write_bytes(content)
    os.utime(path, (age, age))
    return path


def test_digest_is_the_sha256_of_the_content(tmp_path: Path) -> None:
    path = written(tmp_path / "file", b"abc")
    assert file_digest(path, tmp_path / "memory") == hashlib.sha256(b"abc").hexdigest()


def test_digest_is_remembered_by_path_size_and_time(tmp_path: Path) -> None:
    path = written(tmp_path / "file", b"abc")
    before = file_digest(path, tmp_path / "memory")
    written(path, b"xyz")
    assert file_digest(path, tmp_path / "memory") == before


def test_a_damaged_memory_is_not_believed(tmp_path: Path) -> None:
    path = written(tmp_path / "file", b"abc")
    digest = file_digest(path, tmp_path / "memory")
    (remembered,) = (tmp_path / "memory").iterdir()
    other = digest.replace(digest[0], "0" if digest[0] != "0" else "1", 1)
    remembered.write_text(remembered.read_text().replace(digest, other, 1))
    assert file_digest(path, tmp_path / "memory") == digest


def test_a_later_time_or_another_size_is_hashed_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "file", b"abc")
    file_digest(path, tmp_path / "memory")
    written(path, b"xyz", OLD + 1)
    assert file_digest(path, tmp_path / "memory") == hashlib.sha256(b"xyz").hexdigest()
    written(path, b"abcd")
    assert file_digest(path, tmp_path / "memory") == hashlib.sha256(b"abcd").hexdigest()


def test_a_file_just_written_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    file_digest(path, tmp_path / "memory")
    assert not (tmp_path / "memory").exists()
