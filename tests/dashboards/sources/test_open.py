import json
from pathlib import Path

import pytest
from support.dashboards.made_results import made_grid

from dashboards.sources.open import open_source
from longtail.problems import BadInputError


def test_a_grid_s_rows_are_read_in_its_order(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 3, 5)
    found = open_source(grid)
    assert (found.kind, found.name) == ("grid", "made")
    assert [row.name for row in found.rows] == ["row_0", "row_1", "row_2"]
    tree = json.loads((grid / "row_1/evaluation/evaluation.json").read_text())
    assert found.rows[1].evaluation == tree
    assert [of.row for of in found.differences] == ["row_1", "row_2"]


def test_a_row_without_a_result_is_named_as_such(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 2, 5)
    table = json.loads((grid / "table.json").read_text())
    table["rows"]["row_1"] = None
    (grid / "table.json").write_text(json.dumps(table))
    found = open_source(grid)
    assert [row.name for row in found.rows] == ["row_0"]
    assert [name for name, _ in found.failed] == ["row_1"]


def test_an_evaluation_s_folder_is_one_row(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 1, 5)
    (row,) = open_source(grid / "row_0" / "evaluation").rows
    assert row.kind == "result"


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda grid: (grid / "table.json").write_text("{"), "table.json"),
        (lambda grid: (grid / "row_0/evaluation/evaluation.json").unlink(), "evaluate it again"),
        (
            lambda grid: (grid / "row_0/evaluation/evaluation.json").write_text('{"segm": {}}'),
            "no field 'box'",
        ),
        (
            lambda grid: (grid / "row_0/evaluation/evaluation.json").write_text("[]"),
            "no JSON object",
        ),
    ],
)
def test_damage_is_told_with_file_and_remedy(tmp_path: Path, break_it, told: str) -> None:  # type: ignore[no-untyped-def]
    grid = made_grid(tmp_path, 1, 5)
    break_it(grid)
    with pytest.raises(BadInputError, match=told):
        open_source(grid)


def test_what_is_no_result_is_refused_with_what_could_be_given(tmp_path: Path) -> None:
    made_grid(tmp_path, 1, 5)
    with pytest.raises(BadInputError, match=r"a runs folder; give what is in it: .*grids/made"):
        open_source(tmp_path)
    with pytest.raises(BadInputError, match="no such folder"):
        open_source(tmp_path / "elsewhere")
    (tmp_path / "results.json").write_text("[]")
    with pytest.raises(BadInputError, match="result files go by --pred and --ann"):
        open_source(tmp_path / "results.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="holds no results"):
        open_source(tmp_path / "empty")
