"""Sources of one report: the same predictions are one row, whatever path and name they have."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboards.made_merge import make_merge
from support.dashboards.made_results import made_grid

from dashboards.ablation.row_table import all_steps
from dashboards.sections.ranking import ranking
from dashboards.sources.combine import combine
from dashboards.sources.found import Found, Row
from dashboards.sources.merge import read_merge
from dashboards.sources.open import open_source
from dashboards.tables import Table

pytestmark = pytest.mark.slow


@pytest.fixture
def merge(tmp_path: Path) -> Found:
    return read_merge(make_merge(tmp_path, "--resamples=20"))


def grid_of(merge: Found, folder: Path, name: str = "grid") -> Found:
    """Its sources as rows of other names, of copies of the same files."""
    rows = []
    for row in merge.rows[:-1]:
        assert row.predictions is not None
        copy = folder / f"copied_{row.predictions.name}"
        shutil.copyfile(row.predictions, copy)
        rows.append(Row(f"{row.name}_r50", "variant", row.evaluation, predictions=copy))
    return Found(name, "grid", rows=tuple(rows))


def test_sources_that_are_copies_of_rows_are_these_rows(merge: Found, tmp_path: Path) -> None:
    report = combine("", [grid_of(merge, tmp_path), merge])
    assert [row.name for row in report.rows] == ["a_r50", "b_r50", "c_r50", "out"]


def test_the_difference_to_the_best_source_is_to_the_row_that_it_is(
    merge: Found, tmp_path: Path
) -> None:
    report = combine("", [grid_of(merge, tmp_path), merge])
    (of,) = merge.differences
    assert all_steps(report)[-1] == ("out", f"{of.baseline}_r50")
    section = ranking(report)
    assert section is not None
    table = next(block for block in section.blocks if isinstance(block, Table))
    line = next(line for line in table.rows if line["row"] == "out")
    known = 100 * of.comparison["metrics"]["AP"]["difference"]
    assert line["step"] == pytest.approx(known)
    assert line["above"] == f"{of.baseline}_r50"


def test_a_baseline_is_named_as_its_own_source_names_it(merge: Found, tmp_path: Path) -> None:
    grid = grid_of(merge, tmp_path)
    twin = replace(grid, name="other", rows=(replace(grid.rows[0], evaluation=_other(grid)),))
    best = merge.differences[0].baseline
    names = {combine("", [grid, twin, merge]).sources[2].differences[0].baseline}
    assert names == {"grid a_r50" if best == "a" else f"{best}_r50"}


def test_a_source_of_which_the_merge_took_a_part_is_a_row_of_its_own(
    merge: Found, tmp_path: Path
) -> None:
    grid = grid_of(merge, tmp_path)
    other = replace(grid, rows=(replace(grid.rows[0], evaluation=_other(grid)),))
    assert [row.name for row in combine("", [other, merge]).rows] == ["a_r50", *"abc", "out"]


def test_what_is_named_twice_is_shown_once(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 2, 4)
    link = tmp_path / "link"
    link.symlink_to(grid)
    report = combine("", [open_source(grid), open_source(link)])
    assert [row.name for row in report.rows] == ["row_0", "row_1"]
    assert len(report.sources) == 1


def _other(grid: Found) -> dict[str, object]:
    evaluation = json.loads(json.dumps(dict(grid.rows[0].evaluation)))
    evaluation["segm"]["AP"] = 0.5 * evaluation["segm"]["AP"] + 0.01
    return dict(evaluation)
