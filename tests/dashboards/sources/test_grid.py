"""What a report learns of a grid's folder, whole or not."""

import json
from pathlib import Path

import pytest
from support.dashboards.made_nodes import MadeAttempt, write_journal, write_node
from support.dashboards.made_results import made_grid

from dashboards.sources.open import open_source
from longtail.problems import BadInputError


def test_a_bad_evaluation_is_named_and_the_other_rows_are_shown(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 3, 4)
    (grid / "row_1/evaluation/evaluation.json").write_text("{")
    found = open_source(grid)
    assert [row.name for row in found.rows] == ["row_0", "row_2"]
    assert [of.row for of in found.differences] == ["row_2"]
    (told,) = found.missing
    assert told.startswith("row_1 is not shown: ") and "evaluation.json" in told
    assert told.endswith("or run the grid's command again")


def test_a_grid_of_which_no_row_can_be_read_is_refused(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 1, 4)
    (grid / "row_0/evaluation/evaluation.json").unlink()
    with pytest.raises(BadInputError, match=r"row_0 is not shown: .*No such file"):
        open_source(grid)


def test_a_grid_without_a_finished_row_says_so(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 1, 4)
    (grid / "table.json").write_text('{"rows": {}}')
    assert "no row has finished" in open_source(grid).missing[0]


def test_rows_that_are_planned_and_not_in_the_table_are_named(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 2, 4)
    plan = {"kind": "grid", "rows": {"row_0": [], "row_1": [], "row_2": [], "row_3": []}}
    (grid / "plan.json").write_text(json.dumps(plan))
    (told,) = open_source(grid).missing
    assert told.startswith("row_2, row_3: planned, but not in table.json")


def test_a_grid_that_goes_on_is_to_be_watched(tmp_path: Path) -> None:
    (tmp_path / "my runs").mkdir()
    grid = made_grid(tmp_path / "my runs", 2, 4)
    (grid / "table.json").rename(grid / "plan.json")
    (grid / "plan.json").write_text('{"kind": "grid", "rows": {"row_0": []}}')
    watch = r"see python -m dashboards\.watch '.*/my runs'$"
    with pytest.raises(BadInputError, match=f"no row of this grid is finished yet; {watch}"):
        open_source(grid)


def test_rows_that_are_evaluated_are_shown_before_the_grid_has_its_table(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 3, 4)
    nodes = tmp_path / "nodes"
    nodes.mkdir(exist_ok=True)
    for name in ("row_0", "row_1"):
        (grid / name / "evaluation").resolve().rename(nodes / f"evaluation-{name}")
    (nodes / "evaluation-row_1/result.json").write_text("{}")
    (nodes / "predictions-row_1/predictions").mkdir(parents=True)
    rows = {
        name: [f"stage-{name}", f"predictions-{name}", f"evaluation-{name}"]
        for name in ("row_0", "row_1", "row_2")
    }
    (grid / "plan.json").write_text(json.dumps({"kind": "grid", "rows": rows}))
    (grid / "table.json").unlink()
    found = open_source(grid)
    (row,) = found.rows
    assert row.name == "row_1" and row.evaluation["per_category"]
    assert row.predictions == nodes / "predictions-row_1/predictions" and row.training is None
    (told,) = found.missing
    assert told.startswith("row_0, row_2: not finished yet; see python -m dashboards.watch ")


@pytest.mark.parametrize(
    ("last", "told"), [(400, "ends at step 400 of 1000"), (0, "has no step"), (1000, "")]
)
def test_a_cut_journal_of_a_finished_training_is_told(tmp_path: Path, last: int, told: str) -> None:
    grid = made_grid(tmp_path, 1, 4)
    node = write_node(tmp_path, "stage-1", "row_0 training", 0, ended=2000)
    write_journal(node, [MadeAttempt(1, 1, last, every=100)])
    (grid / "row_0/training").symlink_to(node)
    missing = open_source(grid).missing
    assert [told in text and "row_0 training" in text for text in missing] == [True] * bool(told)
