from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboards.made_results import made_grid

from dashboards.sources.combine import combine
from dashboards.sources.found import Found
from dashboards.sources.open import open_source


@pytest.fixture
def grid(tmp_path: Path) -> Found:
    return open_source(made_grid(tmp_path, 2, 5))


def test_rows_are_compared_with_the_one_that_the_grid_compared_with(grid: Found) -> None:
    assert combine("", [grid]).baseline == "row_0"
    turned = replace(
        grid, differences=(replace(grid.differences[0], row="row_0", baseline="row_1"),)
    )
    assert combine("", [turned]).baseline == "row_1"
    assert combine("", [grid], "row_1").baseline == "row_1"


def test_a_baseline_that_is_no_row_is_refused_with_the_rows(grid: Found) -> None:
    with pytest.raises(ValueError, match="--baseline x: no such row; there are: row_0, row_1"):
        combine("", [grid], "x")


def test_rows_of_one_name_are_told_apart_by_their_source(grid: Found) -> None:
    report = combine("", [grid, replace(grid, name="other")])
    names = [row.name for row in report.rows]
    assert names == ["made row_0", "made row_1", "other row_0", "other row_1"]
    assert [(of.row, of.baseline) for of in report.differences] == [
        ("made row_1", "made row_0"),
        ("other row_1", "other row_0"),
    ]


def test_sources_of_one_name_are_told_apart_by_their_number(grid: Found) -> None:
    report = combine("", [grid, grid])
    assert [row.name for row in report.rows][::2] == ["made 1 row_0", "made 2 row_0"]


def test_a_report_is_named_after_its_sources(grid: Found) -> None:
    assert combine("", [grid]).title == "Grid made"
    assert combine("Mine", [grid]).title == "Mine"
    assert combine("", [Found("empty", "sweep")]).baseline == ""
