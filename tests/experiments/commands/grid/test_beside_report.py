"""Rows beside what a report prints for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.commands.grid.beside_report import print_beside_reports
from experiments.commands.grid.report_steps import BesideReport, Step, beside_report, orders_of
from experiments.variants.reported import report_order, reported_rows
from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.statuses import look_up
from longtail.cluster.results.differences import Comparison, Differences, RowDifference
from longtail.config.variant import Inference, Variant
from longtail.evaluation.uncertainty.comparison import Difference

DATA = DataFiles(Path("train.json"), Path("val.json"), Path("images"), "a" * 64, "b" * 64)
NAMES = ("eql_r50", "sigmoid_r50", "mine", "eql_rfs_r50")
VARIANTS = {
    name: Variant(inference=Inference(short_side=400 + number)) for number, name in enumerate(NAMES)
}
REPORTED = reported_rows(NAMES, "eql_2019_3")
(SOURCE, ORDER), *_ = orders_of(REPORTED).items()
NOTHING = Differences([], {})


def finished(runs: Path, ap: dict[str, list[float]], seeds: tuple[int, ...] = (0,)) -> Plan:
    """A plan whose rows have these AP, by variant and seed."""
    plan = make_plan(VARIANTS, seeds, DATA)
    left = {name: list(values) for name, values in ap.items()}
    for row in plan.rows:
        if not left.get(row.variant_name):
            continue
        directory = node_directory(runs, row.evaluation)
        directory.mkdir(parents=True)
        (directory / "evaluation.json").write_text(json.dumps({"identity_error": 0.00004}))
        value = left[row.variant_name].pop(0)
        summary = {"AP": value, "APr": -1.0, "APc": 0.3, "APf": 0.4}
        finish(directory, [directory / "evaluation.json"], summary)
    return plan


def beside(plan: Plan, runs: Path, differences: Differences = NOTHING) -> list[BesideReport]:
    return beside_report(ORDER, REPORTED, plan, look_up(plan, runs), differences, runs)


def compared(low: float, high: float, *names: str, standard_error: float = 0.1) -> Differences:
    of = Difference(0.0, 0.0, 0.0, low, high, standard_error, 0.0, 0.5, not low <= 0 <= high, 50)
    comparison = Comparison({"AP": of}, 50, 0, 0.95, ())
    before, after = names
    return Differences([], {(before, after): RowDifference(after, before, "segm", comparison)})


def test_rows_stand_in_the_order_of_the_report() -> None:
    assert ORDER == ["sigmoid_r50", "eql_r50", "eql_rfs_r50"]
    assert "Table 3" in SOURCE
    # Rows that use other data are tables of their own here, and the end of one there.
    outside = ["eql_coco_r50", "eql_rfs_coco_r50", "eql_coco_ignore_r50"]
    assert report_order(SOURCE)[-4:] == ["eql_rfs_r50", *outside]


def test_metrics_and_the_step_to_the_row_above(tmp_path: Path) -> None:
    plan = finished(tmp_path, {"sigmoid_r50": [0.10], "eql_r50": [0.13], "mine": [0.5]})
    differences = compared(0.01, 0.05, "sigmoid_r50", "eql_r50")
    sigmoid, eql = beside(plan, tmp_path, differences)
    assert sigmoid.name == "sigmoid_r50" and sigmoid.step is None
    assert sigmoid.ours == {"AP": 0.10, "APc": 0.3, "APf": 0.4}
    assert sigmoid.reported == {"AP": 0.201, "APr": 0.065, "APc": 0.199, "APf": 0.254}
    assert eql.step is not None and not eql.step.is_noise and not eql.step.has_other_sign
    assert eql.step.ours == pytest.approx(0.03) and eql.step.reported == pytest.approx(0.027)
    assert (eql.step.low, eql.step.high) == (0.01, 0.05)


def test_a_row_that_is_not_finished_leaves_a_larger_step(tmp_path: Path) -> None:
    plan = finished(tmp_path, {"sigmoid_r50": [0.1], "eql_rfs_r50": [0.2]})
    _, last = beside(plan, tmp_path)
    assert last.step == Step(pytest.approx(0.1), None, None, pytest.approx(0.032))
    assert not last.step.is_noise


def test_an_interval_that_is_not_defined_is_none(tmp_path: Path) -> None:
    plan = finished(tmp_path, {"sigmoid_r50": [0.1], "eql_r50": [0.2]})
    undefined = compared(-1, -1, "sigmoid_r50", "eql_r50", standard_error=-1.0)
    _, eql = beside(plan, tmp_path, undefined)
    assert eql.step is not None and eql.step.low is None


def test_a_row_without_ap_has_no_step(tmp_path: Path) -> None:
    plan = finished(tmp_path, {"sigmoid_r50": [-1.0], "eql_r50": [0.2]})
    sigmoid, eql = beside(plan, tmp_path)
    assert "AP" not in sigmoid.ours and eql.step is None


def test_steps_over_seeds_are_paired(tmp_path: Path) -> None:
    ap = {"sigmoid_r50": [0.10, 0.20, 0.30], "eql_r50": [0.11, 0.22, 0.33]}
    plan = finished(tmp_path, ap, seeds=(0, 1, 2))
    sigmoid, eql = beside(plan, tmp_path)
    assert sigmoid.num_seeds == 3 and sigmoid.ours["AP"] == pytest.approx(0.2)
    # Differences of 1, 2 and 3 points: mean 2, standard error 1 / sqrt(3), t of 2 degrees 4.3027.
    half = 0.043027 / 3**0.5
    assert eql.step is not None and eql.step.is_noise
    assert (eql.step.ours, eql.step.low, eql.step.high) == pytest.approx(
        (0.02, 0.02 - half, 0.02 + half), abs=1e-5
    )


def printed(plan: Plan, runs: Path, differences: Differences, capsys: Any) -> str:
    print_beside_reports(REPORTED, plan, look_up(plan, runs), differences, runs)
    return str(capsys.readouterr().out)


def test_steps_that_are_noise_or_of_the_other_sign_are_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = finished(tmp_path, {"sigmoid_r50": [0.10], "eql_r50": [0.08], "eql_rfs_r50": [0.075]})
    real = compared(-0.03, -0.01, "sigmoid_r50", "eql_r50").between
    noise = compared(-0.02, 0.01, "eql_r50", "eql_rfs_r50").between
    differences = Differences([], {**real, **noise})
    output = printed(plan, tmp_path, differences, capsys)
    table = output[: output.index("A step is from the row above")]
    assert max(map(len, table.splitlines())) <= 80
    monkeypatch.setenv("COLUMNS", "160")
    words = " ".join(printed(plan, tmp_path, differences, capsys).split())
    assert f"beside {SOURCE}; mask AP in points" in words
    assert "sigmoid_r50 ours 10.00 - 30.00 40.00" in words
    assert "report 20.1 6.5 19.9 25.4" in words
    assert "-2.00 -3.00 to -1.00 report 22.8 10.1 25.0 25.1 +2.7 other sign" in words
    assert "-0.50 -2.00 to +1.00 noise report 23.3 15.3 24.8 24.5 +0.5 other sign" in words
    assert "off by at most 0.00 points in 3 rows" in words


def test_nothing_is_printed_of_rows_that_no_report_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = finished(tmp_path, {"mine": [0.1]})
    output = printed(plan, tmp_path, NOTHING, capsys)
    assert "beside" not in output
    print_beside_reports({}, plan, look_up(plan, tmp_path / "empty"), NOTHING, tmp_path / "empty")
    assert capsys.readouterr().out == ""
