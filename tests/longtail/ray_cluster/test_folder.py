"""Ray's sockets need short paths: what is too long is told, with the variable that changes it."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from longtail.commands import InfrastructureError
from longtail.ray_cluster import folder as folders
from longtail.ray_cluster.folder import LONGEST_FOLDER, new_folder, shorten_temporary_folder


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a hundred characters and more, which is the temporary one."""
    path = tmp_path / ("x" * 100)
    path.mkdir()
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return path


def test_a_long_temporary_folder_is_told_and_left_for_a_short_one(
    long: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = new_folder()
    try:
        assert folder.parent == Path("/tmp") and len(str(folder)) <= LONGEST_FOLDER
        assert f"{long} is too long for Ray" in caplog.text
        assert "set RAY_TMPDIR for another folder of at most" in caplog.text
        shorten_temporary_folder(folder)
        assert os.environ["TMPDIR"] == str(folder)
    finally:
        shutil.rmtree(folder)


def test_without_a_place_for_a_short_one_the_variable_is_named(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "SHORT", Path("/no/such/folder"))
    with pytest.raises(InfrastructureError, match=r"no place .*: set RAY_TMPDIR to a folder that"):
        new_folder()


def test_a_short_one_is_taken_without_a_word(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    parent = Path(tempfile.mkdtemp(prefix="l", dir="/tmp"))
    monkeypatch.setenv("RAY_TMPDIR", str(parent))
    assert new_folder().parent == parent
    assert not caplog.text
    shutil.rmtree(parent)
