"""What a grid prints of rows whose results are known."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.results.unmade import unmade

from experiments.commands.grid.difference_table import print_differences
from experiments.commands.grid.result_tables import print_ranking
from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.statuses import State, look_up
from longtail.cluster.results.differences import Comparison, RowDifference
from longtail.config.variant import Inference, Variant
from longtail.evaluation.uncertainty.comparison import Difference

DATA = DataFiles(Path("train.json"), Path("val.json"), Path("images"), "a" * 64, "b" * 64)
VARIANTS = {
    "sigmoid_rfs_r50": Variant(),
    "eql_rfs_r50": Variant(inference=Inference(short_side=400)),
}
HIGHER = Difference(0.10, 0.12, 0.02, 0.01, 0.03, 0.005, 0.0, 0.002, True, 1000)
UNCLEAR = Difference(0.10, 0.12, 0.02, -0.01, 0.05, 0.02, 0.0, 0.4, False, 1000)
UNDEFINED = Difference(-1, -1, -1, -1, -1, -1, -1, -1, False, 0)


def finish_rows(plan: Plan, runs: Path, intervals: dict[str, Any]) -> None:
    for number, row in enumerate(plan.rows):
        directory = node_directory(runs, row.evaluation)
        directory.mkdir(parents=True)
        (directory / "evaluation.json").write_text(json.dumps({"intervals": intervals}))
        ap = {"AP": 0.2 + number / 100, "APr": -1.0, "APc": 0.3, "APf": 0.4}
        summary = {**ap, "AP_box": 0.3, "gap_box_mask": -0.05}
        finish(directory, [directory / "evaluation.json"], summary)


def interval(low: float, high: float, standard_error: float = 0.01) -> dict[str, Any]:
    ap = {"value": 0.2, "low": low, "high": high, "standard_error": standard_error}
    return {"segm": {"metrics": {"AP": ap}}}


def ranking(plan: Plan, runs: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_ranking(plan, look_up(plan, runs), runs)
    return capsys.readouterr().out.splitlines()


def test_a_merge_waits_for_what_failed_in_the_line_of_its_member(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make_plan(VARIANTS, (0,), DATA, 0, merges=(unmade("both", *VARIANTS),))
    statuses = look_up(plan, tmp_path)
    statuses[plan.rows[0].predictions.id].state = State.FAILED
    for node in (plan.rows[0].evaluation, *plan.merges[0].own_nodes()):
        statuses[node.id].state = State.BLOCKED
    print_ranking(plan, statuses, tmp_path)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.split()}
    assert lines["sigmoid_rfs_r50"].rstrip().endswith("failed in predictions")
    assert lines["both"].rstrip().endswith("blocked")


def test_the_interval_stands_beside_ap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = make_plan(VARIANTS, (0, 1), DATA)
    finish_rows(plan, tmp_path, interval(-0.0012, 0.2345))
    lines = ranking(plan, tmp_path, capsys)
    assert "95% interval" in lines[1]
    assert "23.00  -0.12 to 23.45" in lines[3]
    assert max(map(len, lines)) <= 80


def test_there_is_no_column_of_intervals_without_any(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make_plan(VARIANTS, (0,), DATA, resamples=0)
    finish_rows(plan, tmp_path, {})
    assert "interval" not in "".join(ranking(plan, tmp_path, capsys))


def test_undefined_intervals_alone_make_no_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make_plan(VARIANTS, (0,), DATA)
    finish_rows(plan, tmp_path, interval(-1.0, -1.0, standard_error=-1.0))
    assert "interval" not in "".join(ranking(plan, tmp_path, capsys))


def test_rows_that_lack_what_they_need_come_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make_plan(VARIANTS, (0,), DATA)
    finish_rows(plan, tmp_path, {})
    print_ranking(plan, look_up(plan, tmp_path), tmp_path, ["eql_coco_r50"])
    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if "eql_coco_r50" in line)
    name, *cells, no, run = line.split()
    assert (name, {*cells}, no, run) == ("eql_coco_r50", {"-"}, "not", "run")
    assert lines.index(line) > max(n for n, text in enumerate(lines) if "found finished" in text)


def difference(row: str, baseline: str, warnings: tuple[str, ...] = ()) -> RowDifference:
    metrics = {"AP": HIGHER, "APr": UNCLEAR, "APc": UNDEFINED, "APf": HIGHER}
    return RowDifference(row, baseline, "segm", Comparison(metrics, 1000, 0, 0.95, warnings))


def test_each_metric_has_difference_interval_and_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    warning = "APr rests on 16 images"
    print_differences([difference(row, "a", (warning,)) for row in ("b", "c")], "a")
    output = capsys.readouterr().out
    assert "difference to a, mask AP in points" in output
    lines = [line.split() for line in output.splitlines()]
    assert ["b", "AP", "+2.00", "+1.00", "to", "+3.00", "higher"] in lines
    assert ["APr", "+2.00", "-1.00", "to", "+5.00", "not", "told", "apart"] in lines
    assert ["APc", "-", "-", "-"] in lines
    assert output.count(f"warning: {warning}") == 1


def test_rows_of_several_seeds_say_what_they_are_compared_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_differences([difference(f"b seed {s}", f"a seed {s}") for s in (0, 1)], "a")
    assert "difference to a of the same seed" in capsys.readouterr().out


def test_nothing_is_printed_without_differences(capsys: pytest.CaptureFixture[str]) -> None:
    print_differences([], "a")
    assert capsys.readouterr().out == ""


def test_rows_trained_in_one_pass_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make_plan(VARIANTS, (0,), DATA)
    finish_rows(plan, tmp_path, {})
    statuses = look_up(plan, tmp_path)
    for item in statuses.values():
        item.found = False
    for row in plan.rows:
        statuses[row.stages[0].id].in_pass = ("stage-1", "stage-2", "stage-3")
    print_ranking(plan, statuses, tmp_path)
    assert capsys.readouterr().out.count("done, shared trunk (3)") == 2
