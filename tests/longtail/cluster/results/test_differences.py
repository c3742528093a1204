"""Paired comparison of the rows of a grid, on match tables whose skills are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.match_tables import simulated_tables
from support.results.unread import Result

from longtail.categories import CategoryTable
from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.statuses import look_up
from longtail.cluster.results.differences import RowDifference, differences_to, find_differences
from longtail.cluster.results.kept_comparisons import COMPARISONS, kept_comparisons
from longtail.config.classifiers import Equalization, Sigmoid, Softmax
from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.evaluation.metrics.matches.files import matches_path, write_matches
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.uncertainty.comparison import compare

VARIANTS = {
    "sigmoid": Variant(stages=(Stage(classifier=Sigmoid()),)),
    "eql": Variant(stages=(Stage(classifier=Equalization()),)),
    "softmax": Variant(stages=(Stage(classifier=Softmax()),)),
}
RESAMPLES = 50


def finished(plan: Plan, runs: Path, skills: Sequence[float]) -> list[MatchTable]:
    """Let the first rows be finished, with a skill each; their mask matches."""
    tables = simulated_tables(np.random.default_rng(0), skills, letters="f", num_images=60)
    for row, table in zip(plan.all_rows, tables, strict=False):
        directory = node_directory(runs, row.evaluation)
        write_matches(directory, {"segm": table, "box": tables[0]})
        finish(directory, sorted(directory.glob("*.npz")), {"AP": 0.5})
    return tables


def compared(plan: Plan, runs: Path, baseline: str = "sigmoid") -> tuple[list[RowDifference], int]:
    """The differences, and how many of them had to be computed."""
    asked: list[tuple[str, str]] = []
    found = differences_to(
        baseline, plan, look_up(plan, runs), runs, lambda *names: asked.append(names)
    )
    return found, len(asked)


def test_every_row_is_compared_with_the_baseline(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan(VARIANTS, (0,), data, RESAMPLES)
    tables = finished(plan, tmp_path, (0.5, 0.9, 0.5))
    (eql, softmax), _ = compared(plan, tmp_path)
    assert (eql.row, eql.baseline, eql.kind) == ("eql", "sigmoid", "segm")
    assert eql.comparison == compare(tables[0], tables[1], RESAMPLES)
    assert eql.comparison.metrics["AP"].real and eql.comparison.metrics["AP"].difference > 0
    assert softmax.comparison == compare(tables[0], tables[2], RESAMPLES)


def test_neighbours_are_compared_in_the_order_of_the_plan_and_in_others(
    data: DataFiles, tmp_path: Path
) -> None:
    plan = make_plan(VARIANTS, (0,), data, RESAMPLES)
    _, eql, softmax = finished(plan, tmp_path, (0.5, 0.9, 0.6))
    of = plan, look_up(plan, tmp_path), tmp_path, lambda *_: None
    found = find_differences("sigmoid", *of)
    assert set(found.between) == {("sigmoid", "eql"), ("sigmoid", "softmax"), ("eql", "softmax")}
    step = found.between["eql", "softmax"]
    assert step.comparison == compare(eql, softmax, RESAMPLES)
    other = find_differences("sigmoid", *of, orders=[["softmax", "eql", "not there"]])
    assert set(other.between) == {*found.between, ("softmax", "eql")}
    assert other.to_baseline == found.to_baseline


def test_a_result_has_no_seed_and_is_compared_with_the_first_row_of_the_baseline(
    data: DataFiles, tmp_path: Path
) -> None:
    results = [Result("old", "c" * 64)]
    plan = make_plan({"sigmoid": VARIANTS["sigmoid"]}, (0, 1), data, RESAMPLES, results)
    finished(plan, tmp_path, (0.5, 0.6, 0.7))
    found, _ = compared(plan, tmp_path)
    assert [(of.row, of.baseline) for of in found] == [("old", "sigmoid seed 0")]
    found, _ = compared(plan, tmp_path, "old")
    assert [of.row for of in found] == ["sigmoid seed 0", "sigmoid seed 1"]
    assert {of.baseline for of in found} == {"old"}


def test_rows_are_compared_within_their_seed(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan({name: VARIANTS[name] for name in ("sigmoid", "eql")}, (0, 1), data, RESAMPLES)
    finished(plan, tmp_path, (0.5, 0.6, 0.7, 0.8))
    found, _ = compared(plan, tmp_path, "eql")
    assert [(item.row, item.baseline) for item in found] == [
        ("sigmoid seed 0", "eql seed 0"),
        ("sigmoid seed 1", "eql seed 1"),
    ]


def test_rows_without_a_result_are_left_out(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan(VARIANTS, (0,), data, RESAMPLES)
    finished(plan, tmp_path, (0.5, 0.6))
    assert [item.row for item in compared(plan, tmp_path)[0]] == ["eql"]
    assert compared(plan, tmp_path, "softmax")[0] == []


def test_no_resamples_give_no_differences(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan(VARIANTS, (0,), data, resamples=0)
    finished(plan, tmp_path, (0.5, 0.6, 0.7))
    assert compared(plan, tmp_path) == ([], 0)


def test_a_comparison_is_computed_once(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan(VARIANTS, (0,), data, RESAMPLES)
    finished(plan, tmp_path, (0.5, 0.6, 0.7))
    first, num_computed = compared(plan, tmp_path)
    assert num_computed == 2
    assert compared(plan, tmp_path) == (first, 0)


@pytest.mark.parametrize("content", ["", "{}", '{"metrics": 1}'])
def test_a_damaged_comparison_is_computed_again(
    content: str, data: DataFiles, tmp_path: Path
) -> None:
    plan = make_plan(VARIANTS, (0,), data, RESAMPLES)
    finished(plan, tmp_path, (0.5, 0.6))
    first, _ = compared(plan, tmp_path)
    (kept,) = tmp_path.glob("comparisons/*.json")
    kept.write_text(content)
    assert compared(plan, tmp_path) == (first, 1)


def test_other_matches_are_compared_anew(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan(VARIANTS, (0,), data, RESAMPLES)
    finished(plan, tmp_path, (0.5, 0.6))
    (before,), _ = compared(plan, tmp_path)
    finished(plan, tmp_path, (0.5, 0.9))
    (after,), num_computed = compared(plan, tmp_path)
    assert num_computed == 1
    assert after.comparison != before.comparison


def test_boxes_are_compared_where_a_row_has_no_masks(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan(VARIANTS, (0,), data, RESAMPLES)
    finished(plan, tmp_path, (0.5, 0.6))
    directory = node_directory(tmp_path, plan.rows[1].evaluation)
    matches_path(directory, "segm").unlink()
    finish(directory, [matches_path(directory, "box")], {"AP": 0.5})
    (eql,), _ = compared(plan, tmp_path)
    assert eql.kind == "box"
    assert eql.comparison.metrics["AP"].difference == 0


def test_the_steps_that_a_report_shows_are_compared_in_passing(
    data: DataFiles, tmp_path: Path
) -> None:
    plan = make_plan(VARIANTS, (0,), data, RESAMPLES)
    tables = finished(plan, tmp_path, (0.5, 0.9, 0.2))
    found, num_told = compared(plan, tmp_path)
    assert [of.baseline for of in found] == ["sigmoid", "sigmoid"] and num_told == 2

    def read_categories() -> CategoryTable:
        raise AssertionError("it is computed again")

    (step,) = kept_comparisons(
        [node_directory(tmp_path, row.evaluation) for row in plan.rows],
        [(1, 2)],
        "segm",
        RESAMPLES,
        tmp_path / COMPARISONS,
        read_categories,
    )
    assert step == compare(tables[1], tables[2], RESAMPLES)
