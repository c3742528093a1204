"""The newest pages of a runs folder are found without going through its nodes."""

import os
from pathlib import Path

from dashboards.views.reports import newest_reports


def test_newest_pages_come_first(tmp_path: Path) -> None:
    places = ["grids/a/report.html", "sweeps/b/analysis.html", "merged/report.html"]
    others = ["nodes/n/report.html", "grids/a/x/y/report.html", "artifacts/report.html"]
    for age, name in enumerate([*places, *others]):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        os.utime(path, (100 + age, 100 + age))
    assert newest_reports(tmp_path) == [tmp_path / name for name in reversed(places)]
    assert newest_reports(tmp_path, most=1) == [tmp_path / places[-1]]
    assert newest_reports(tmp_path / "none") == []
