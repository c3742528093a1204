"""The sweep from the command line to MLflow: real Ray Tune, real trainings."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands.in_process import exit_code
from support.commands.run_records import children, mlflow_client, mlflow_runs
from support.commands.sweep_command import ITERATIONS, LAMBDA, RATE, RUNGS, SweepCommand
from support.on_ray.clusters import Cluster
from support.on_ray.warm_pool import WarmPool

from experiments.grid import main as grid

pytestmark = pytest.mark.slow


def test_every_trial_ends_once(swept: SweepCommand) -> None:
    trials = swept.trials()
    assert sorted(trials) == [0, 1, 2, 3, 4]
    states = Counter(trial["state"] for trial in trials.values())
    assert states["failed"] == 0 and states["finished"] >= 1
    for trial in trials.values():
        steps = [rung["step"] for rung in trial["curve"]]
        assert steps == RUNGS[: len(steps)]
        assert (trial["state"] == "finished") == (steps[-1] == ITERATIONS)
        assert trial["hours"] > 0


def test_one_first_stage_serves_all_and_passes_are_shared(swept: SweepCommand) -> None:
    spent = [event["work"] for event in swept.events() if event["event"] == "spent"]
    kinds = Counter(work["kind"] for work in spent)
    assert kinds["first"] == 1
    passes = [work for work in spent if work["kind"] == "training"]
    # Whether the first pass waits for all of them is a matter of how fast their actors start.
    first = [work["trials"] for work in passes if work["iterations"] == RUNGS[0]]
    assert sorted(number for trials in first for number in trials) == [0, 1, 2, 3, 4]
    assert max(len(trials) for trials in first) > 1
    stages = list((swept.runs / "nodes").glob("stage-*"))
    assert len(stages) == 6


def test_mlflow_has_one_child_for_each_trial(swept: SweepCommand) -> None:
    kinds, statuses = children(swept)
    assert sorted(kinds) == ["0", "1", "2", "3", "4"]
    for number, trial in swept.trials().items():
        expected = "evaluation" if trial["state"] == "finished" else "stage"
        assert kinds[str(number)] == [expected]
    assert set(statuses) == {"FINISHED"}


def test_the_curve_of_a_trial_is_in_mlflow(swept: SweepCommand) -> None:
    trial = next(t for t in swept.trials().values() if t["state"] == "finished")
    (run,) = mlflow_runs(swept.runs, f"tags.`longtail.node` = '{trial['training']}'")
    history = mlflow_client(swept.runs).get_metric_history(run.info.run_id, "val/AP")
    assert sorted(point.step for point in history) == RUNGS[:-1]
    for point, rung in zip(sorted(history, key=lambda p: p.step), trial["curve"], strict=False):
        assert point.value == round(100 * rung["metrics"]["AP"], 2)


def test_margins_are_tried_on_the_finished_trials(swept: SweepCommand) -> None:
    finished = [t for t in swept.trials().values() if t["state"] == "finished"]
    margins = swept.read("analysis.json")["margins"]
    assert sorted(item["number"] for item in margins["trials"]) == sorted(
        trial["number"] for trial in finished
    )


def test_it_leaves_a_report_that_names_the_best_trial(swept: SweepCommand) -> None:
    page = (swept.runs / "sweeps" / "toy" / "report.html").read_text()
    best = swept.read("table.json")["best"]
    assert f"Best in the sweep: trial {best}, AP" in page


def test_a_rerun_runs_nothing_and_says_the_same(swept: SweepCommand, ray_head: Cluster) -> None:
    before = swept.events()
    # No cluster is joined or started, else this address would end it.
    nowhere = {**ray_head.environment, "RAY_ADDRESS": "127.0.0.1:1"}
    code, output = replace(swept, cluster=Cluster(nowhere)).run()
    assert code == 0 and swept.events() == before, output
    assert "started" not in output
    _, statuses = children(swept)
    assert set(statuses) == {"FINISHED"}


def test_a_grid_finds_the_best_trial_by_its_file(
    swept: SweepCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    best = swept.runs / "sweeps" / "toy" / "best.json"
    files = [word for word in swept.common() if "schedule" not in word and word != "--set"]
    assert exit_code(grid, "--variants", f"best={best}", *files, "--dry-run") == 0
    output = capsys.readouterr().out
    trial = swept.trials()[swept.read("table.json")["best"]]
    assert trial["training"] in output and trial["evaluation"] in output
    assert "0 to run" in output


def test_a_variant_written_by_hand_is_the_same_node(
    swept: SweepCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = next(iter(swept.trials().values()))
    values = [f"{path}={trial['point'][path]}" for path in (LAMBDA, RATE)]
    sets = [word for value in values for word in ("--set", value)]
    rows = ["--variants", "eql_head_r50", *swept.common(), *sets, "--dry-run"]
    assert exit_code(grid, *rows) == 0
    output = capsys.readouterr().out
    assert trial["training"] in output and trial["evaluation"] in output


def test_more_trials_go_on_where_it_ended_and_the_best_is_trained_again(
    swept: SweepCommand, warm: WarmPool, tmp_path: Path
) -> None:
    before = swept.trials()
    table = tmp_path / "trials.csv"
    more = "--confirm", "2", "--confirm-best", "1", "--csv", str(table)
    code, output = warm.run(replace(swept, num_trials=6, more=more).words())
    assert code == 0, output
    assert len(table.read_text().splitlines()) == 7
    after = swept.trials()
    assert sorted(after) == [0, 1, 2, 3, 4, 5]
    assert {number: after[number] for number in before} == before
    (confirmed,) = swept.read("analysis.json")["confirmation"]["trials"]
    fresh = confirmed["metrics"]["AP"]
    assert list(fresh["by_seed"]) == ["1", "2"]
    assert fresh["mean"] == pytest.approx(sum(fresh["by_seed"].values()) / 2)
    assert fresh["fell_by"] == pytest.approx(fresh["in_sweep"] - fresh["mean"])
    assert (swept.runs / "grids" / "toy_confirmed" / "table.json").is_file()
