"""Rows that are merges of others: what they share, what they wait for, and their seeds."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from support.results.unmade import Unmade, unmade
from support.results.unread import Result

from ensemble.rows import half_maps
from longtail.cluster.nodes import merge_row
from longtail.cluster.nodes.ledger import begin, finish, node_directory
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.statuses import State, look_up
from longtail.cluster.results.named_results import over_seeds
from longtail.cluster.results.run_group import GridRunGroup
from longtail.cluster.work.schedule import run_nodes
from longtail.config.classifiers import Equalization, Sigmoid
from longtail.config.stages import Stage
from longtail.config.variant import Variant

VARIANTS = {
    "a": Variant(stages=(Stage(classifier=Sigmoid()),)),
    "b": Variant(stages=(Stage(classifier=Equalization()),)),
}
OLD = Result("old", "c" * 64)


def plan_of(data: DataFiles, *merges: Unmade, seeds: tuple[int, ...] = (0,)) -> Plan:
    return make_plan(VARIANTS, seeds, data, results=(OLD,), merges=merges)


def finish_nodes(runs: Path, nodes: Sequence[Node]) -> None:
    for node in nodes:
        directory = node_directory(runs, node)
        begin(directory, node, {})
        finish(directory, [], {})


def test_a_merge_shares_the_predictions_of_its_members_and_has_two_nodes_of_its_own(
    data: DataFiles,
) -> None:
    alone, merged = plan_of(data), plan_of(data, unmade("both", "a", "b"))
    (row,) = merged.merges
    assert len(merged.nodes()) == len(alone.nodes()) + 2
    assert row.predictions.parents == tuple(of.predictions for of in merged.rows)
    assert row.predictions.kind == "predictions" and row.evaluation.parents == (row.predictions,)
    assert [of.name for of in merged.all_rows] == ["a", "b", "old", "both"]
    assert merged.id != alone.id
    for node in row.own_nodes():
        assert merged.merge_of(node) is row
    assert merged.merge_of(merged.rows[0].predictions) is None


def test_a_merge_is_named_by_its_members_and_options_and_not_by_its_name(data: DataFiles) -> None:
    def node(*rows: str, name: str = "both", **options: str) -> str:
        (row,) = plan_of(data, unmade(name, *rows, **options)).merges
        return row.predictions.id

    usual = node("a", "b")
    assert node("a", "b", name="other") == usual
    assert node("b", "a") == usual
    assert len({usual, node("a", "old"), node("a", "b", method="nms"), node("a")}) == 4


def test_there_is_a_merge_for_each_seed_of_its_members(data: DataFiles) -> None:
    merges = unmade("both", "a", "b"), unmade("beside", "a", "old"), unmade("results", "old")
    plan = plan_of(data, *merges, seeds=(3, 5))
    names = ["both seed 3", "both seed 5", "beside seed 3", "beside seed 5", "results"]
    assert [row.name for row in plan.merges] == names
    by_name = {row.name: row for row in plan.all_rows}
    assert by_name["both seed 5"].predictions.parents == (
        by_name["a seed 5"].predictions,
        by_name["b seed 5"].predictions,
    )
    assert by_name["beside seed 3"].predictions.parents[1] == by_name["old"].predictions
    assert [row.in_process for row in plan.merges] == [False] * 4 + [True]


def test_a_merge_may_be_of_the_seeds_of_one_row(data: DataFiles) -> None:
    (row,) = plan_of(data, unmade("seeds", "a@3", "a@5", "old"), seeds=(3, 5)).merges
    assert (row.name, row.seed) == ("seeds", None)
    assert [node.seed for node in row.predictions.parents] == [3, 5, 0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("a", "c"), r"m: c is no row to merge, there are a, b, old \(merges are none of them\)"),
        (("a@7",), "merge m: a has no seed 7, its seeds are 3, 5; name one of them, as a@SEED"),
        (("a@3", "b"), "merge m: b is there with several seeds, its seeds are 3, 5"),
        (("old@3",), "merge m: old has no seed 3, its seeds are none"),
    ],
)
def test_members_that_are_no_row_are_named(
    data: DataFiles, rows: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plan_of(data, unmade("m", *rows), seeds=(3, 5))


def test_two_names_of_one_merge_are_refused(data: DataFiles) -> None:
    with pytest.raises(ValueError, match="merges one and two are the same; leave one out"):
        plan_of(data, unmade("one", "a", "b"), unmade("two", "a", "b"))


def test_a_finished_merge_needs_none_of_its_members(data: DataFiles, tmp_path: Path) -> None:
    merge = unmade("both", "a", "old")
    plan = make_plan({}, (), data, results=(OLD, Result("a", "d" * 64)), merges=(merge,))
    (row,) = plan.merges
    finish_nodes(tmp_path, [of.evaluation for of in plan.all_rows])
    assert {item.state for item in look_up(plan, tmp_path).values()} == {State.DONE}
    (node_directory(tmp_path, row.evaluation) / "result.json").unlink()
    states = {name: item.state for name, item in look_up(plan, tmp_path).items()}
    # The members' rows stand, but their detections are to be merged.
    assert states[plan.results[0].evaluation.id] is State.DONE
    for node in (*row.own_nodes(), *row.predictions.parents):
        assert states[node.id] is State.WAITING


def test_a_member_that_fails_blocks_the_merge_and_no_other_row(
    data: DataFiles, tmp_path: Path
) -> None:
    plan = plan_of(data, unmade("both", "a", "b"), unmade("results", "old"))
    statuses = look_up(plan, tmp_path)
    failing = plan.rows[1].stages[0].id

    def work(nodes: Sequence[Node]) -> dict[str, BaseException]:
        return {node.id: RuntimeError("no memory") for node in nodes if node.id == failing}

    run_nodes(statuses, 1, work, lambda _: None)
    both, results = plan.merges
    assert {statuses[node.id].state for node in both.own_nodes()} == {State.BLOCKED}
    assert {statuses[node.id].state for node in results.own_nodes()} == {State.DONE}
    assert statuses[plan.rows[0].evaluation.id].state is State.DONE


def test_merges_over_seeds_have_a_mean_as_variants_have(data: DataFiles, tmp_path: Path) -> None:
    plan = plan_of(data, unmade("both", "a", "b"), seeds=(3, 5))
    for row, ap in zip(plan.merges, (0.25, 0.75), strict=True):
        directory = node_directory(tmp_path, row.evaluation)
        begin(directory, row.evaluation, {})
        finish(directory, [], {"AP": ap})
    found = over_seeds(plan, look_up(plan, tmp_path), tmp_path)
    assert [*found] == ["both"] and found["both"].metrics["AP"].mean == 0.5


def test_what_tells_a_merge_from_others_is_on_its_evaluation(
    data: DataFiles, tmp_path: Path
) -> None:
    plan = plan_of(data, unmade("both", "a", "b", method="nms"))
    group, (row,) = GridRunGroup(plan, tmp_path, "grid"), plan.merges
    assert group.params_of(row.evaluation) == {"merge.method": "nms"}
    assert group.row_of(row.predictions) is row
    assert group.row_of(row.predictions.parents[0]) is plan.rows[0]


def test_the_merge_says_what_was_fitted_where_tables_look_for_it() -> None:
    assert (half_maps.FITTED, half_maps.OTHER_HALF) == (merge_row.FITTED, merge_row.OTHER_HALF)
