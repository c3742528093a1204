"""The sweep from the command line to MLflow: real Ray Tune, real trainings, real crashes."""

import os
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from clusters import Cluster, wait_for
from grid_command import ended, start
from mlflow import MlflowClient
from sweep_command import ITERATIONS, LAMBDA, RATE, RUNGS, SweepCommand

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def swept(toy_set: Path, head: Cluster, tmp_path_factory: pytest.TempPathFactory) -> SweepCommand:
    """The sweep once from beginning to end."""
    command = SweepCommand(toy_set, tmp_path_factory.mktemp("swept"), head)
    code, output = command.run()
    assert code == 0, output
    assert "saved" in output and "shared trunk (5)" in output
    return command


def children(command: SweepCommand) -> tuple[dict[str, list[str]], Counter[str]]:
    """Kinds of the runs that stand for each trial, and how many runs have each status."""
    client = MlflowClient(f"sqlite:///{command.runs}/mlflow.db")
    experiments = [item.experiment_id for item in client.search_experiments()]
    runs = client.search_runs(experiments, max_results=1000)
    name = f"longtail.sweep.{command.read('sweep.json')['id']}"
    kinds: dict[str, list[str]] = {}
    for run in runs:
        if name in run.data.tags:
            kinds.setdefault(run.data.tags[name], []).append(run.data.tags["longtail.kind"])
            assert {LAMBDA, RATE} <= set(run.data.params)
    return kinds, Counter(run.info.status for run in runs)


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


def test_one_first_stage_and_one_pass_serve_all(swept: SweepCommand) -> None:
    spent = [event["work"] for event in swept.events() if event["event"] == "spent"]
    kinds = Counter(work["kind"] for work in spent)
    assert kinds["first"] == 1
    passes = [work for work in spent if work["kind"] == "training"]
    assert sorted(passes[0]["trials"]) == [0, 1, 2, 3, 4] and passes[0]["iterations"] == RUNGS[0]
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
    client = MlflowClient(f"sqlite:///{swept.runs}/mlflow.db")
    experiments = [item.experiment_id for item in client.search_experiments()]
    (run,) = client.search_runs(experiments, f"tags.`longtail.node` = '{trial['training']}'")
    history = client.get_metric_history(run.info.run_id, "val/AP")
    assert sorted(point.step for point in history) == RUNGS[:-1]
    for point, rung in zip(sorted(history, key=lambda p: p.step), trial["curve"], strict=False):
        assert point.value == round(100 * rung["metrics"]["AP"], 2)


def test_margins_are_tried_on_the_finished_trials(swept: SweepCommand) -> None:
    finished = [t for t in swept.trials().values() if t["state"] == "finished"]
    margins = swept.read("analysis.json")["margins"]
    assert sorted(item["number"] for item in margins["trials"]) == sorted(
        trial["number"] for trial in finished
    )


def test_a_rerun_runs_nothing_and_says_the_same(swept: SweepCommand) -> None:
    before = swept.events()
    # No cluster is joined or started, else this address would end it.
    nowhere = {**swept.cluster.environment, "RAY_ADDRESS": "127.0.0.1:1"}
    code, output = replace(swept, cluster=Cluster(nowhere)).run()
    assert code == 0 and swept.events() == before, output
    assert "started" not in output
    _, statuses = children(swept)
    assert set(statuses) == {"FINISHED"}


def test_more_trials_go_on_where_it_ended(swept: SweepCommand) -> None:
    before = swept.trials()
    code, output = replace(swept, more=("--algorithm", "random", "--trials", "6")).run()
    assert code == 0, output
    after = swept.trials()
    assert sorted(after) == [0, 1, 2, 3, 4, 5]
    assert {number: after[number] for number in before} == before


def test_a_grid_finds_the_best_trial_by_its_file(swept: SweepCommand) -> None:
    best = swept.runs / "sweeps" / "toy" / "best.json"
    files = [word for word in swept.common() if "schedule" not in word and word != "--set"]
    words = ["experiments/grid.py", "--variants", f"best={best}", *files, "--dry-run"]
    code, output = ended(start(words, swept.cluster))
    assert code == 0, output
    trial = swept.trials()[swept.read("table.json")["best"]]
    assert trial["training"] in output and trial["evaluation"] in output
    assert "0 to run" in output


def test_a_variant_written_by_hand_is_the_same_node(swept: SweepCommand) -> None:
    trial = next(iter(swept.trials().values()))
    values = [f"{path}={trial['point'][path]}" for path in (LAMBDA, RATE)]
    sets = [word for value in values for word in ("--set", value)]
    rows = ["--variants", "eql_head_r50", *swept.common(), *sets, "--dry-run"]
    code, output = ended(start(["experiments/grid.py", *rows], swept.cluster))
    assert code == 0, output
    assert trial["training"] in output and trial["evaluation"] in output


def test_the_best_is_trained_again_with_fresh_seeds(swept: SweepCommand) -> None:
    before = swept.trials()
    code, output = replace(swept, more=(*swept.more, "--confirm", "2", "--confirm-best", "1")).run()
    assert code == 0, output
    assert swept.trials() == before
    (confirmed,) = swept.read("analysis.json")["confirmation"]["trials"]
    fresh = confirmed["metrics"]["AP"]
    assert list(fresh["by_seed"]) == ["1", "2"]
    assert fresh["mean"] == pytest.approx(sum(fresh["by_seed"].values()) / 2)
    assert fresh["fell_by"] == pytest.approx(fresh["in_sweep"] - fresh["mean"])
    assert (swept.runs / "grids" / "toy_confirmed" / "table.json").is_file()


def has_rung(command: SweepCommand) -> bool:
    return any(command.runs.glob("nodes/*/curves/*/step-*.json"))


def test_a_sweep_killed_in_the_midst_ends_with_every_trial_once(
    swept: SweepCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(swept, runs=tmp_path, cluster=own_cluster)
    process = command.start()
    wait_for(lambda: has_rung(command), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(command.trials()) < 5
    code, output = command.run()
    assert code == 0, output
    trials, whole = command.trials(), swept.trials()
    assert sorted(trials) == [0, 1, 2, 3, 4]
    for number, trial in trials.items():
        assert (trial["point"], trial["training"]) == (
            whole[number]["point"],
            whole[number]["training"],
        )
        # The scheduler may let another one go on; as far as both came they are equal.
        for rung, other in zip(trial["curve"], whole[number]["curve"], strict=False):
            assert rung == other
    kinds, statuses = children(command)
    assert all(len(of_trial) == 1 for of_trial in kinds.values()) and len(kinds) == 5
    assert set(statuses) == {"FINISHED"}


def test_an_interrupted_sweep_says_how_to_go_on(
    toy_set: Path, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = SweepCommand(toy_set, tmp_path, own_cluster)
    process = command.start()
    wait_for(lambda: has_rung(command), process)
    os.killpg(process.pid, signal.SIGINT)
    code, output = ended(process)
    assert code == 130 and "run the same command again" in output
    assert len(command.trials()) < 5
    _, statuses = children(command)
    assert statuses and "RUNNING" not in statuses
