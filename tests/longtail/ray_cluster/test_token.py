"""Where the token of a local Ray cluster lies."""

import os
from pathlib import Path

import pytest

from longtail import caches
from longtail.ray_cluster.token import settle_token

TOKEN_PATH = "RAY_AUTH_TOKEN_PATH"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No home and no token; the temporary folder, which is returned, is the test's own."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    for variable in ("RAY_AUTH_TOKEN", TOKEN_PATH):
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(caches.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_without_a_home_a_token_of_this_user_alone_is_made_and_kept(temporary: Path) -> None:
    settle_token()
    path = Path(os.environ[TOKEN_PATH])
    token = path.read_text()
    assert path.is_relative_to(temporary) and len(token) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    os.environ[TOKEN_PATH] = ""
    settle_token()
    assert Path(os.environ[TOKEN_PATH]) == path and path.read_text() == token
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_home_keeps_it_as_ray_does(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(temporary))
    settle_token()
    assert not os.environ[TOKEN_PATH]


@pytest.mark.parametrize(
    ("variable", "value"), [("RAY_AUTH_TOKEN", "secret"), ("RAY_AUTH_MODE", "disabled")]
)
def test_what_the_user_chose_stays(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    settle_token()
    assert not os.environ[TOKEN_PATH] and os.environ[variable] == value
