import os
from pathlib import Path

import pytest
from support.pictures.data_sets import write_set

from longtail.data.lvis.annotations import open_annotations
from longtail.data.pictures.checks import check_pictures
from longtail.problems import ProblemReport

LONG_AGO = 1_000_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))


def num_faulty(file: Path) -> int:
    report = ProblemReport(str(file))
    check_pictures(open_annotations(file), file.parent / "images", report)
    return sum(error.count for error in report.errors)


def overwrite(path: Path, content: bytes, seconds: int) -> None:
    path.write_bytes(content)
    os.utime(path, (seconds, seconds))


def of_long_ago(folder: Path) -> tuple[Path, Path]:
    """An annotation file, and the first of its two pictures."""
    file = write_set(folder, "a.jpg", "b.jpg")
    for picture in (folder / "images").iterdir():
        os.utime(picture, (LONG_AGO, LONG_AGO))
    return file, folder / "images" / "a.jpg"


def test_a_file_of_the_same_size_and_time_is_not_read_again(tmp_path: Path) -> None:
    file, picture = of_long_ago(tmp_path)
    assert num_faulty(file) == 0
    overwrite(picture, bytes(picture.stat().st_size), LONG_AGO)
    assert num_faulty(file) == 0


@pytest.mark.parametrize(("longer", "later"), [(1, 0), (0, 1)])
def test_a_file_that_changed_is_read_again(tmp_path: Path, longer: int, later: int) -> None:
    file, picture = of_long_ago(tmp_path)
    assert num_faulty(file) == 0
    whole = picture.read_bytes()
    overwrite(picture, bytes(len(whole) + longer), LONG_AGO + later)
    assert num_faulty(file) == num_faulty(file) == 1
    overwrite(picture, whole, LONG_AGO + 2)
    assert num_faulty(file) == 0


def test_a_file_of_this_moment_is_not_remembered(tmp_path: Path) -> None:
    file, picture = of_long_ago(tmp_path)
    overwrite(picture, picture.read_bytes(), 2**32)
    assert num_faulty(file) == 0
    overwrite(picture, bytes(picture.stat().st_size), 2**32)
    assert num_faulty(file) == 1


def test_a_damaged_memory_is_told_and_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, _ = of_long_ago(tmp_path)
    assert num_faulty(file) == 0
    [memory] = (tmp_path / "cache").rglob("pictures/*.json")
    whole = memory.read_bytes()
    memory.write_bytes(whole[:50] + b"x" + whole[51:])
    assert num_faulty(file) == 0
    assert "damaged" in caplog.text and "pictures are read again" in caplog.text
    assert memory.read_bytes() == whole
