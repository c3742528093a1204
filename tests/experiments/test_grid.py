"""The grid command end to end, and what is left after it was killed."""

import os
import shutil
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from clusters import Cluster, wait_for
from grid_command import ITERATIONS, GridCommand
from mlflow import MlflowClient
from mlflow.entities import Run

pytestmark = pytest.mark.slow


def mlflow_runs(command: GridCommand) -> list[Run]:
    client = MlflowClient(f"sqlite:///{command.runs}/mlflow.db")
    experiments = [item.experiment_id for item in client.search_experiments()]
    return list(client.search_runs(experiments))


def assert_mlflow_holds_every_node_once(command: GridCommand) -> None:
    client = MlflowClient(f"sqlite:///{command.runs}/mlflow.db")
    runs = mlflow_runs(command)
    nodes = sorted(path.name for path in command.runs.glob("nodes/*"))
    assert sorted(run.data.tags.get("longtail.node", "") for run in runs) == ["", *nodes]
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        for key in run.data.metrics:
            steps = [point.step for point in client.get_metric_history(run.info.run_id, key)]
            assert max(Counter(steps).values()) == 1, f"{key} of {run.info.run_name}: {steps}"
            if key == "train/loss":
                assert sorted(steps) == list(range(1, ITERATIONS + 1))


def has_checkpoint(command: GridCommand) -> bool:
    return any(command.runs.glob("nodes/stage-*/checkpoints/step-*"))


def training_workers(driver: int, command: GridCommand) -> list[psutil.Process]:
    """The processes of a driver's own cluster that train: they hold the locks of their nodes."""
    locks = {str(lock) for lock in command.runs.glob("nodes/stage-*/training.lock")}
    return [
        process
        for process in psutil.Process(driver).children(recursive=True)
        if locks & {file.path for file in process.open_files()}
    ]


def attempts(command: GridCommand) -> int:
    lines = [line for journal in command.journals().values() for line in journal]
    return max(line["attempt"] for line in lines)


def test_a_grid_ends_with_a_ranked_table_and_everything_in_mlflow(
    uninterrupted: GridCommand,
) -> None:
    assert set(uninterrupted.rows()) == {"sigmoid_r50", "eql_rfs_r50"}
    assert all(0 <= row["AP"] <= 1 for row in uninterrupted.rows().values())
    assert_mlflow_holds_every_node_once(uninterrupted)
    evaluations = [
        run for run in mlflow_runs(uninterrupted) if run.data.tags["longtail.kind"] == "evaluation"
    ]
    for run in evaluations:
        row = uninterrupted.rows()[run.info.run_name]
        assert run.data.metrics["val/AP"] == round(100 * row["AP"], 2)
        assert run.data.metrics["val/AP_low"] <= run.data.metrics["val/AP_high"]
        client = MlflowClient(f"sqlite:///{uninterrupted.runs}/mlflow.db")
        artifacts = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert {"evaluation.json", "diagnosis.json", "telemetry"} <= artifacts


def test_rows_have_intervals_and_are_compared_with_the_first(uninterrupted: GridCommand) -> None:
    table = uninterrupted.table()
    for name, row in table["rows"].items():
        interval = table["intervals"][name]["segm"]["metrics"]["AP"]
        assert interval["value"] == pytest.approx(row["AP"])
        assert interval["low"] <= interval["high"]
    (against,) = table["differences"]
    assert (against["row"], against["baseline"]) == ("eql_rfs_r50", "sigmoid_r50")
    rows = table["rows"]
    for metric, difference in against["comparison"]["metrics"].items():
        if difference["difference"] != -1:
            gain = rows["eql_rfs_r50"][metric] - rows["sigmoid_r50"][metric]
            assert difference["difference"] == pytest.approx(gain)


def test_the_other_row_can_be_the_baseline(uninterrupted: GridCommand, tmp_path: Path) -> None:
    shutil.copytree(uninterrupted.runs, tmp_path / "runs", symlinks=True)
    turned = ("--baseline", "eql_rfs_r50")
    command = replace(uninterrupted, runs=tmp_path / "runs", more=turned)
    code, output = command.run()
    assert code == 0, output
    assert output.count("found finished") == 2
    assert "difference to eql_rfs_r50, mask AP in points" in output
    metrics = command.table()["differences"][0]["comparison"]["metrics"]
    before = uninterrupted.table()["differences"][0]["comparison"]["metrics"]
    assert metrics["AP"]["difference"] == pytest.approx(-before["AP"]["difference"])


def test_without_resamples_only_the_evaluation_is_done_again(
    uninterrupted: GridCommand, tmp_path: Path
) -> None:
    shutil.copytree(uninterrupted.runs, tmp_path / "runs", symlinks=True)
    command = replace(uninterrupted, runs=tmp_path / "runs", more=("--resamples", "0"))
    code, output = command.run()
    assert code == 0, output
    assert "training" not in output
    assert "interval" not in output and "difference" not in output
    assert command.rows() == uninterrupted.rows()
    assert command.table()["intervals"] == {}


def test_the_same_command_again_runs_nothing(uninterrupted: GridCommand) -> None:
    before = uninterrupted.rows()
    code, output = uninterrupted.run()
    assert code == 0, output
    assert output.count("found finished") == 2
    assert "started" not in output
    assert uninterrupted.rows() == before
    assert_mlflow_holds_every_node_once(uninterrupted)


def test_a_killed_driver_is_made_up_for_by_the_same_command(
    uninterrupted: GridCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(uninterrupted, runs=tmp_path, cluster=own_cluster)
    driver = command.start()
    wait_for(lambda: has_checkpoint(command), driver)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    code, output = command.run()
    assert code == 0, output
    assert command.rows() == uninterrupted.rows()
    assert attempts(command) == 2
    assert_mlflow_holds_every_node_once(command)


def test_a_killed_worker_is_replaced_while_the_grid_runs(
    uninterrupted: GridCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(uninterrupted, runs=tmp_path, cluster=own_cluster)
    driver = command.start()
    wait_for(lambda: has_checkpoint(command), driver)
    workers = training_workers(driver.pid, command)
    assert workers
    workers[0].kill()
    output, _ = driver.communicate(timeout=600)
    assert driver.returncode == 0, output
    assert command.rows() == uninterrupted.rows()
    assert attempts(command) == 2
    assert_mlflow_holds_every_node_once(command)


def test_sigterm_ends_the_grid_and_its_open_runs(
    toy_set: Path, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = GridCommand(toy_set, tmp_path, own_cluster)
    driver = command.start()
    wait_for(lambda: has_checkpoint(command), driver)
    driver.terminate()
    output, _ = driver.communicate(timeout=120)
    assert driver.returncode == 143, output
    assert "run the same command again to go on" in output
    assert {run.info.status for run in mlflow_runs(command)} == {"KILLED"}


def test_a_variant_that_fails_does_not_stop_the_others(
    uninterrupted: GridCommand, tmp_path: Path
) -> None:
    diverging = ("--set", "sigmoid_r50:stages.0.optimizer.base_lr=1e9")
    command = replace(uninterrupted, runs=tmp_path, more=diverging)
    code, output = command.run()
    assert code == 4, output
    assert "failed in stage" in output
    assert "training diverged at step 1: loss nan" in output
    expected = {"sigmoid_r50": None, "eql_rfs_r50": uninterrupted.rows()["eql_rfs_r50"]}
    assert command.rows() == expected
    statuses = {run.info.run_name: run.info.status for run in mlflow_runs(command)}
    assert statuses["sigmoid_r50 training"] == "FAILED"
    assert statuses["eql_rfs_r50"] == "FINISHED"
