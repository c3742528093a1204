"""A cache has a place that is writable and nobody else's, or the error says what to set."""

import os
from pathlib import Path

import pytest

from longtail import caches
from longtail.caches import ANNOTATIONS, KERNELS, private_folder, settle_caches


@pytest.fixture(autouse=True)
def no_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither variables nor a home; a temporary folder of the test's own, which is returned."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(caches.tempfile, "gettempdir", lambda: str(folder))
    for variable in (ANNOTATIONS, KERNELS, "XDG_CACHE_HOME"):
        # Set first, so that what a test makes of it is undone.
        monkeypatch.setenv(variable, "")
    # A file has no folder below it, not even for root.
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file" / "home"))
    return folder


@pytest.fixture
def sources_are_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "__file__", "/dev/null/longtail/caches.py")


def test_both_caches_move_to_a_private_folder_which_is_told(
    no_places: Path, sources_are_read_only: None, caplog: pytest.LogCaptureFixture
) -> None:
    settle_caches()
    folder = no_places / f"longtail_caches_{os.geteuid()}"
    assert os.environ[ANNOTATIONS] == os.environ[KERNELS] == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert str(folder) in caplog.text and f"set {ANNOTATIONS}" in caplog.text
    caplog.clear()
    settle_caches()
    assert caplog.text == ""


def test_the_folder_of_an_earlier_command_is_used_again(no_places: Path) -> None:
    assert private_folder() == private_folder() == no_places / f"longtail_caches_{os.geteuid()}"


def test_kernels_stay_beside_sources_that_can_be_written_to() -> None:
    settle_caches()
    assert os.environ[ANNOTATIONS] and not os.environ[KERNELS]


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_kernels_go_to_the_home_where_there_is_one(
    variable: str, sources_are_read_only: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "mine"))
    settle_caches()
    assert not os.environ[KERNELS]


def test_a_user_without_any_home_gets_the_private_folder(
    no_places: Path,
    sources_are_read_only: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(caches.os.path, "expanduser", lambda path: path)
    settle_caches()
    folder = no_places / f"longtail_caches_{os.geteuid()}"
    assert os.environ["HOME"] == str(folder)
    assert f"this user has no home: {folder} is used; set {ANNOTATIONS}" in caplog.text


def test_places_that_are_named_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ANNOTATIONS, str(tmp_path / "a"))
    monkeypatch.setenv(KERNELS, str(tmp_path / "k"))
    settle_caches()
    assert os.environ[ANNOTATIONS] == str(tmp_path / "a")
    assert os.environ[KERNELS] == str(tmp_path / "k")


def test_a_named_place_that_cannot_be_is_no_reason_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KERNELS, str(tmp_path / "file" / "kernels"))
    with pytest.raises(OSError, match=f"cannot be written to; set {KERNELS}"):
        settle_caches()


def shared(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.parent / "elsewhere")


def file(folder: Path) -> None:
    folder.touch(mode=0o600)


@pytest.mark.parametrize("plant", [shared, link, file])
def test_code_that_others_may_have_written_is_not_loaded(plant: object, no_places: Path) -> None:
    assert callable(plant)
    plant(no_places / f"longtail_caches_{os.geteuid()}")
    with pytest.raises(OSError, match=f"others may have written to it.*{KERNELS}"):
        private_folder()


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder away needs root")
def test_a_folder_of_another_user_is_not_taken(no_places: Path) -> None:
    folder = no_places / f"longtail_caches_{os.geteuid()}"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    with pytest.raises(OSError, match="others may have written to it"):
        private_folder()


def test_a_temporary_folder_in_which_others_can_rename_is_not_taken(no_places: Path) -> None:
    no_places.chmod(0o777)
    with pytest.raises(OSError, match="others may have written to it"):
        private_folder()
    no_places.chmod(0o1777)
    assert private_folder().is_dir()


def test_without_any_writable_folder_the_variables_are_named(
    sources_are_read_only: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(caches.tempfile, "gettempdir", none)
    with pytest.raises(OSError, match=f"set {ANNOTATIONS} .* and {KERNELS} .*, or TMPDIR"):
        settle_caches()
