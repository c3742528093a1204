"""What a sweep prints and leaves at its end."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from support.commands.run_requests import run_request
from support.sweep_scene import LAMBDA, MASK, halved_trials, sweep_of, trial_of

from experiments.commands.sweep.next_steps import print_next
from experiments.commands.sweep.request import SweepRequest
from experiments.commands.sweep.results import best_trial, write_results
from experiments.commands.sweep.tables import (
    hours_text,
    print_cost,
    print_reevaluation,
    print_result,
)
from experiments.commands.variant_files import read_variant
from longtail.cluster.results.published import Published
from longtail.config.search_space import SearchSpace
from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs
from longtail.sweep.cost import Cost
from longtail.sweep.trial import Trial

COST = Cost(unit="CPU", spent=0.42, naive=1.92, saved_by_stopping=0.4, saved_by_sharing=1.1)
POINTS = [
    {LAMBDA: 0.00177, MASK: 1.0, "inference.detections_per_image": 300},
    {LAMBDA: 0.02, MASK: 0.5, "inference.detections_per_image": 100},
    {LAMBDA: 0.05, MASK: 2.0, "inference.detections_per_image": 200},
]


def metrics(ap: float, rare: float) -> dict[str, float]:
    return {"AP": ap, "APr": rare, "APc": 0.1, "APf": -1.0, "AP_box": ap + 0.01}


def trials() -> list[Trial]:
    """Two that finished, the first with more AP, the second with more APr; one stopped, one not."""
    return [
        trial_of(0, metrics(0.25, 0.10), POINTS[0]),
        trial_of(1, metrics(0.24, 0.12), POINTS[1]),
        trial_of(2, metrics(0.30, 0.20), POINTS[2], "stopped", step=100),
        replace_error(trial_of(3, {}, POINTS[2], "failed"), "loss is not finite [nan]"),
    ]


def replace_error(trial: Trial, error: str) -> Trial:
    return msgspec.structs.replace(trial, error=error, intermediate_values=[])


def run_again(*means: float) -> Reevaluation:
    """Trials 0, 1 ... again with two seeds, 1 point to either side of a mean."""
    runs = [
        ReevaluatedTrial(
            number,
            POINTS[number],
            {"AP": fresh_runs(trials()[number].metrics["AP"], {1: mean - 0.01, 2: mean + 0.01})},
        )
        for number, mean in enumerate(means)
    ]
    return Reevaluation(("AP",), (1, 2), 2, tuple(runs), "mine confirmed")


def test_finished_trials_come_first_then_those_that_were_stopped(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_result(sweep_of(), trials(), COST)
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines()]
    rows = [line for line in lines if "finished" in line or "stopped" in line or "failed" in line]
    first = ["1", "0", "300", "0.00177", "1", "900", "finished", "25.00", "10.00", "10.00"]
    assert rows[0] == [*first, "0.5"]
    assert [row[:2] for row in rows[1:2]] == [["2", "1"]]
    assert rows[2][0] == "2"
    assert rows[2][4:6] == ["100", "stopped"]
    assert rows[3][0] == "3"
    assert f"failed trial 3: {LAMBDA}=0.05, {MASK}=2, inference.detections" in printed
    assert "  loss is not finite [nan]" in printed
    assert "no other one beats" not in printed


def test_two_metrics_have_a_table_of_the_trials_to_choose_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_result(sweep_of(metrics=("AP", "APr")), trials()[:2], COST)
    printed = capsys.readouterr().out
    front = printed[printed.index("trials that no other one beats in all of AP, APr") :]
    rows = [line.split() for line in front.splitlines() if line.strip()[:1].isdigit()]
    assert [row[0] for row in rows] == ["0", "1"]


def test_box_ap_has_a_column_where_it_is_raised(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(sweep_of(metrics=("AP_box",)), trials(), COST)
    printed = capsys.readouterr().out
    assert "trials by box AP of their last evaluation" in printed
    assert "26.00" in printed


def test_costs_say_what_sharing_and_stopping_saved(capsys: pytest.CaptureFixture[str]) -> None:
    print_cost(COST)
    print_cost(replace(COST, unit="GPU", saved_by_sharing=-0.05))
    assert capsys.readouterr().out.splitlines() == [
        "spent 0.42 CPU-hours; every trial alone to its end, about 1.92; saved 1.1 by sharing,"
        " saved 0.4 by stopping",
        "spent 0.42 GPU-hours; every trial alone to its end, about 1.92; evaluations on the way"
        " cost 0.05 more than sharing saved, saved 0.4 by stopping",
    ]
    assert [hours_text(hours) for hours in (0.0, 0.00421, 1.9, 1234.0)] == [
        "0",
        "0.00421",
        "1.9",
        "1,234",
    ]


def test_a_reevaluation_says_by_how_much_the_best_fell(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_reevaluation(run_again(0.22, 0.23))
    printed = capsys.readouterr().out
    assert "the best again with fresh seeds 1, 2, in points" in printed
    rows = [line.split() for line in printed.splitlines() if " AP " in line]
    assert rows[0][:4] == ["0", "AP", "25.00", "22.00"]
    assert rows[0][-1] == "-3.00"
    assert "The best of 2 single runs is in part the luckiest of them" in printed


def test_the_best_trial_is_a_variant_file(tmp_path: Path) -> None:
    sweep = sweep_of()
    files = write_results(tmp_path, sweep, trials(), COST)
    assert {path.name for path in files} == {"best.json", "table.json"}
    assert read_variant(tmp_path / "best.json") == sweep.variant_at(POINTS[0])
    table = json.loads((tmp_path / "table.json").read_text())
    assert table["best"] == 0
    assert table["pareto"] is None
    assert [trial["number"] for trial in table["trials"]] == [0, 1, 2, 3]
    assert table["cost"]["saved_by_sharing"] == 1.1


def test_a_reevaluation_decides_which_is_best(tmp_path: Path) -> None:
    sweep, again = sweep_of(), run_again(0.22, 0.23)
    best = best_trial(sweep, trials(), again)
    assert best is not None
    assert best.number == 1
    write_results(tmp_path, sweep, trials(), COST, again)
    assert read_variant(tmp_path / "best.json") == sweep.variant_at(POINTS[1])


def test_several_metrics_leave_every_trial_to_choose_from(tmp_path: Path) -> None:
    sweep = sweep_of(metrics=("AP", "APr"))
    write_results(tmp_path, sweep, trials(), COST)
    assert json.loads((tmp_path / "table.json").read_text())["pareto"] == [0, 1]
    for number in (0, 1):
        assert read_variant(tmp_path / f"trial-{number}.json") == sweep.variant_at(POINTS[number])


def test_nothing_is_best_where_nothing_finished(tmp_path: Path) -> None:
    files = write_results(tmp_path, sweep_of(), trials()[2:], COST)
    assert [path.name for path in files] == ["table.json"]


def test_a_real_number_of_trials_is_ranked_like_their_table(tmp_path: Path) -> None:
    sweep = sweep_of(scheduler="asha")
    many = halved_trials(sweep, 30)
    write_results(tmp_path, sweep, many, COST)
    finished = [trial for trial in many if trial.state == "finished"]
    best = max(finished, key=lambda trial: trial.metrics["AP"])
    assert read_variant(tmp_path / "best.json") == sweep.variant_at(best.point)
    assert SearchSpace(sweep.space.dimensions) == sweep.space


def test_the_next_command_is_a_grid_over_the_same_files(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_request(toy_set, tmp_path, workers=8, gpus_per_worker=1.0)
    request = SweepRequest(
        run, "lambda", (), None, (), None, None, ("AP",), None, 3, 3, None, 0, None
    )
    files = [tmp_path / name for name in ("table.json", "best.json")]
    print_next(request, files, Published("OperationalError: no such table", "2 in 'x'"))
    printed = " ".join(capsys.readouterr().out.replace("\\\n", " ").split())
    assert (
        f"experiments/grid.py --variants best={tmp_path}/best.json --seeds 0,1,2"
        f" --train {toy_set}/train.json --val {toy_set}/val.json --images {toy_set}/images"
        f" --resamples 0 --workers 8 --gpus-per-worker 1 --runs {tmp_path}"
    ) in printed
    assert "MLflow lacks part of this sweep (OperationalError: no such table)" in printed


def test_without_a_best_trial_no_grid_is_proposed(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = SweepRequest(
        run_request(toy_set, tmp_path),
        *("lambda", (), None, (), None, None, ("AP",), None, 3, 3, None, 0, None),
    )
    print_next(request, [tmp_path / "table.json"], Published())
    assert "grid.py" not in capsys.readouterr().out
