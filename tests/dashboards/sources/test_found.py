"""Which rows a page shows at first, so that they say something of each other."""

from pathlib import Path

from support.dashboards.made_results import made_difference, made_rows

from dashboards.sources.found import Difference, Found, Report


def _report(folder: Path, baseline: str, *differences: Difference) -> Report:
    """Of three rows, the last one the best."""
    rows = made_rows(folder, 3, 12)
    return Report("", (Found("a", "grid", rows=rows, differences=differences),), baseline)


def test_the_best_row_is_against_the_baseline(tmp_path: Path) -> None:
    report = _report(tmp_path, "row_0")
    best, *_ = sorted(report.rows, key=lambda row: -row.ap)
    assert (report.shown, report.against) == (best.name, "row_0")


def test_the_baseline_is_against_the_best_of_the_others(tmp_path: Path) -> None:
    best, runner_up, _ = sorted(made_rows(tmp_path / "a", 3, 12), key=lambda row: -row.ap)
    report = _report(tmp_path / "b", best.name)
    assert (report.shown, report.against) == (best.name, runner_up.name)


def test_the_baseline_is_against_what_it_was_compared_with(tmp_path: Path) -> None:
    best, _, last = sorted(made_rows(tmp_path / "a", 3, 12), key=lambda row: -row.ap)
    merge = made_difference(best.name, last.name, 0.05)
    assert _report(tmp_path / "b", best.name, merge).against == last.name


def test_without_another_row_there_is_the_row_itself(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 1, 12)
    report = Report("", (Found("a", "grid", rows=rows),), "row_0")
    assert report.against == "row_0"
    assert Report("", ()).against == ""
