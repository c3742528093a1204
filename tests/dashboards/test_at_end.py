"""The report that commands leave behind: anew when results changed, never a failure."""

import json
from pathlib import Path

import pytest
from support.dashboards.made_results import made_grid

from dashboards.at_end import report_at_end

pytestmark = pytest.mark.slow


def test_a_report_is_made_anew_only_when_results_changed(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 2, 5)
    said: list[str] = []
    first = report_at_end(grid, said.append)
    assert first is not None and first.is_new and said == [f"report {grid / 'report.html'}"]
    before = first.path.stat().st_mtime_ns
    again = report_at_end(grid, said.append)
    assert again is not None and not again.is_new and first.path.stat().st_mtime_ns == before
    table = json.loads((grid / "table.json").read_text())
    (grid / "table.json").write_text(json.dumps({**table, "experiment": "other"}))
    changed = report_at_end(grid, said.append)
    assert changed is not None and changed.is_new


def test_what_cannot_be_shown_is_a_warning_with_the_command_that_tries_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "my runs").mkdir()
    grid = made_grid(tmp_path / "my runs", 2, 5)
    (grid / "table.json").write_text("{")
    said: list[str] = []
    assert report_at_end(grid, said.append) is None
    assert said[0].startswith("warning: no report was made: BadInputError: ")
    assert f"python -m dashboards.report '{grid}' --out '{grid}/report.html'" in said[0]
    assert not (grid / "report.html").exists()


def test_a_file_of_that_name_that_is_no_page_stays(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 2, 5)
    (grid / "report.html").write_text("mine")
    said: list[str] = []
    assert report_at_end(grid, said.append) is None
    assert len(said) == 1 and said[0].endswith("report.html is no page of Longtail's; rename it")
    assert (grid / "report.html").read_text() == "mine"
