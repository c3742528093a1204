"""Rows over one frozen trunk through the grid command: one pass, the results of separate runs."""

import hashlib
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clusters import Cluster, wait_for
from grid_command import ITERATIONS, GridCommand
from mlflow import MlflowClient

pytestmark = pytest.mark.slow

BOTH = "rhead_cat,rhead_cat_3fc"
RETRAINED = "stage 1 training"


@pytest.fixture(scope="module")
def apart(toy_set: Path, head: Cluster, tmp_path_factory: pytest.TempPathFactory) -> GridCommand:
    """Either row by a command of its own, in the same runs folder."""
    command = GridCommand(toy_set, tmp_path_factory.mktemp("apart"), head, num_stages=2)
    for row in BOTH.split(","):
        code, output = replace(command, variants=row).run()
        assert code == 0 and "shared trunk" not in output, output
    return command


def both(apart: GridCommand, runs: Path, *more: str) -> GridCommand:
    return replace(apart, runs=runs, variants=BOTH, more=more)


def retrained(command: GridCommand) -> list[Path]:
    """The directories of the second stages."""
    nodes = (path.parent for path in command.runs.glob("nodes/stage-*/node.json"))
    return sorted(node for node in nodes if RETRAINED in (node / "node.json").read_text())


def results(node: Path) -> dict[str, Any]:
    """Digests of the final checkpoint, and the journal's values."""
    final = node / "checkpoints" / f"step-{ITERATIONS:08d}"
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in final.iterdir()}
    lines = [json.loads(line) for line in (node / "metrics.jsonl").read_text().splitlines()]
    last = {line["step"]: line.get("train/loss") for line in lines if "event" not in line}
    return {"files": digests, "losses": last}


def assert_trained_as_apart(command: GridCommand, apart: GridCommand) -> None:
    nodes = retrained(command)
    assert [node.name for node in nodes] == [node.name for node in retrained(apart)]
    for node, alone in zip(nodes, retrained(apart), strict=True):
        assert results(node) == results(alone)


def starts(node: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (node / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line.get("event") == "started"]


def test_rows_over_one_trunk_are_trained_in_one_pass(apart: GridCommand, tmp_path: Path) -> None:
    command = both(apart, tmp_path)
    code, output = command.run()
    assert code == 0, output
    assert f"{RETRAINED} and 1 more, shared trunk (2)" in output
    assert "done, shared trunk (2)" in output
    assert_trained_as_apart(command, apart)
    assert [start["shared_trunk"] for node in retrained(command) for start in starts(node)] == [
        2
    ] * 2
    assert all("shared_trunk" not in start for node in retrained(apart) for start in starts(node))
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiments = [item.experiment_id for item in client.search_experiments()]
    tagged = client.search_runs(experiments, "tags.`longtail.shared_trunk` = '2'")
    assert sorted(run.data.tags["longtail.node"] for run in tagged) == [
        node.name for node in retrained(command)
    ]

    code, output = command.run()
    assert code == 0 and "started" not in output and output.count("found finished") == 2


def test_a_driver_killed_in_a_pass_is_made_up_for(
    apart: GridCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(both(apart, tmp_path), cluster=own_cluster)
    driver = command.start()
    wait_for(lambda: any(any(n.glob("checkpoints/step-*")) for n in retrained(command)), driver)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    code, output = command.run()
    assert code == 0, output
    assert_trained_as_apart(command, apart)
    # The workers may be done before the end of their driver reaches them: one start, then.
    first, second = (len(starts(node)) for node in retrained(command))
    assert first == second and first in (1, 2)


def test_a_row_that_diverges_leaves_the_others_of_its_pass_alone(
    apart: GridCommand, tmp_path: Path
) -> None:
    wild = ("--set", "rhead_cat_3fc:stages.1.optimizer.base_lr=1e30")
    command = both(apart, tmp_path, *wild)
    code, output = command.run()
    assert code == 4, output
    assert "training diverged at step" in output and "failed in stage" in output
    rows = command.table()["rows"]
    assert rows["rhead_cat_3fc"] is None
    (alone,) = (node for node in retrained(apart) if node in _of_row(apart, "rhead_cat"))
    (fine,) = (node for node in retrained(command) if node.name == alone.name)
    assert results(fine) == results(alone)


def _of_row(command: GridCommand, row: str) -> list[Path]:
    nodes = retrained(command)
    return [
        node
        for node in nodes
        if f'"label": "{row} {RETRAINED}"' in (node / "node.json").read_text()
    ]
