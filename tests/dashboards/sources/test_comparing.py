"""Differences of rows: those that are kept with the grid, and those that matches give."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.dashboards.made_matches import RESAMPLES, matched_grid
from support.dashboards.made_results import made_difference, made_report

from dashboards.sources.comparing import category_differences, compared
from dashboards.sources.found import Report
from dashboards.sources.grid import read_grid
from longtail.categories import CategoryTable
from longtail.evaluation.metrics.matches.files import read_matches
from longtail.evaluation.uncertainty.category_differences import category_half_widths
from longtail.evaluation.uncertainty.comparison import compare

SKILLS = {"a": 0.3, "b": 0.5, "c": 0.4}


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return made_report(read_grid(matched_grid(tmp_path, SKILLS)))


def categories(report: Report) -> CategoryTable:
    records = report.rows[0].evaluation["per_category"]
    return CategoryTable.from_records([{**of, "frequency": of["group"]} for of in records], "t")


def test_a_difference_is_that_of_the_matches_and_is_kept(report: Report, tmp_path: Path) -> None:
    found = compared(report, [("c", "b"), ("b", "a")])
    assert not found.unknown
    a, b, c = (read_matches(of.folder or tmp_path, categories(report)) for of in report.rows)
    assert found.found["c", "b"].comparison == compare(b["segm"], c["segm"], RESAMPLES).as_dict()
    assert found.found["b", "a"].comparison == compare(a["segm"], b["segm"], RESAMPLES).as_dict()
    kept = list((tmp_path / "comparisons").glob("*.json"))
    assert len(kept) == 2
    assert compared(report, [("c", "b"), ("b", "a")]) == found
    assert list((tmp_path / "comparisons").glob("*.json")) == kept


def test_what_the_grid_compared_is_not_compared_again(report: Report, tmp_path: Path) -> None:
    known = made_difference("b", "a", 0.05)
    source = replace(report.sources[0], differences=(known,))
    found = compared(replace(report, sources=(source,)), [("b", "a")])
    assert found.found == {("b", "a"): known} and not (tmp_path / "comparisons").exists()


def test_rows_without_matches_say_so(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS, without_matches=["b"])
    found = compared(made_report(read_grid(grid)), [("b", "a"), ("c", "a"), ("c", "b")])
    assert list(found.found) == [("c", "a")]
    assert set(found.unknown) == {("b", "a"), ("c", "b")}
    assert "b cannot be compared: its evaluation keeps no mask matches" in found.unknown["b", "a"]


def test_damaged_matches_spoil_their_own_pairs_alone(report: Report) -> None:
    folder = report.rows[1].folder
    assert folder is not None
    (folder / "matches_segm.npz").write_bytes(b"no archive")
    found = compared(report, [("b", "a"), ("c", "a")])
    assert list(found.found) == [("c", "a")]
    assert "matches_segm.npz" in found.unknown["b", "a"]
    assert category_differences(report.rows) is None


def test_rows_of_boxes_are_compared_by_boxes(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS, boxes_alone=["b", "c"])
    report = made_report(read_grid(grid))
    found = compared(report, [("c", "b"), ("b", "a"), ("a", "b")])
    assert found.found["c", "b"].kind == found.found["b", "a"].kind == "box"
    boxes = [row.evaluation["box"]["AP"] for row in report.rows]
    metric = found.found["b", "a"].comparison["metrics"]["AP"]
    assert metric["difference"] == pytest.approx(boxes[1] - boxes[0])
    assert found.unknown == {("a", "b"): "a and b are not compared: one of them has no masks."}
    table = category_differences(report.rows)
    assert table is not None and list(table) == ["id", "e1_2"]


def test_rows_of_other_annotations_are_not_compared(tmp_path: Path) -> None:
    first = read_grid(matched_grid(tmp_path / "first", {"a": 0.5}))
    other = read_grid(matched_grid(tmp_path / "other", {"b": 0.5}, num_images=50))
    report = made_report(first, other)
    found = compared(report, [("b", "a")])
    assert "judged on different images" in found.unknown["b", "a"]
    assert category_differences(report.rows) is None


def test_half_widths_of_all_pairs_are_kept(report: Report, tmp_path: Path) -> None:
    table = category_differences(report.rows)
    assert table is not None and list(table) == ["id", "e0_1", "e0_2", "e1_2"]
    rows = [read_matches(of.folder or tmp_path, categories(report))["segm"] for of in report.rows]
    slow = category_half_widths(rows, [(1, 2)])[0]
    np.testing.assert_array_equal(table["e1_2"], np.round(100 * slow, 1))
    (kept,) = (tmp_path / "comparisons").glob("*.npz")
    again = category_differences(report.rows)
    assert again is not None and again.equals(table) and kept.is_file()
    assert category_differences(report.rows[:1]) is None


def test_an_evaluation_outside_of_a_runs_folder_is_kept_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))
    report = made_report(read_grid(matched_grid(tmp_path / "runs", {"a": 0.5, "b": 0.6})))
    (tmp_path / "runs/nodes").rename(tmp_path / "moved")
    rows = tuple(
        replace(of, folder=tmp_path / "moved" / (of.folder or tmp_path).name) for of in report.rows
    )
    report = replace(report, sources=(replace(report.sources[0], rows=rows),))
    assert list(compared(report, [("b", "a")]).found) == [("b", "a")]
    (kept,) = (tmp_path / "cache/comparisons").glob("*.json")
    assert json.loads(kept.read_text())["resamples"] == RESAMPLES
