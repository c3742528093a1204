"""A folder knows the search that began in it."""

from pathlib import Path

import pytest

from longtail.problems import BadInputError
from longtail.search.request_file import changed_since


def test_the_first_request_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    assert changed_since(path, {"seed": 0, "metric": ["AP"]}, "remove it") == []
    assert changed_since(path, {"seed": 0, "metric": ["AP"]}, "remove it") == []
    assert changed_since(path, {"seed": 1, "metric": ["AP"], "new": 1}, "x") == ["seed", "new"]
    assert changed_since(path, {"seed": 0, "metric": ["AP"]}, "remove it") == []


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    changed_since(path, {"seed": 0}, "remove it")
    path.write_text(path.read_text().replace("0", "1", 1))
    with pytest.raises(BadInputError, match=r"request\.json: damaged, .*; remove it"):
        changed_since(path, {"seed": 0}, "remove it")
