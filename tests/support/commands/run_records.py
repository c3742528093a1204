"""What commands leave behind: runs in MLflow, and nodes in the runs folder."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run
from support.commands.grid_command import ITERATIONS, GridCommand
from support.commands.sweep_command import LAMBDA, RATE, SweepCommand
from support.on_ray.clusters import Cluster

RETRAINED = "stage 1 training"


def mlflow_client(runs: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{runs}/mlflow.db")


def mlflow_runs(runs: Path, query: str = "") -> list[Run]:
    client = mlflow_client(runs)
    experiments = [item.experiment_id for item in client.search_experiments()]
    return list(client.search_runs(experiments, query, max_results=1000))


def assert_mlflow_holds_every_node_once(command: GridCommand) -> None:
    client, runs = mlflow_client(command.runs), mlflow_runs(command.runs)
    nodes = sorted(path.name for path in command.runs.glob("nodes/*"))
    assert sorted(run.data.tags.get("longtail.node", "") for run in runs) == ["", *nodes]
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        for key in run.data.metrics:
            steps = [point.step for point in client.get_metric_history(run.info.run_id, key)]
            assert max(Counter(steps).values()) == 1, f"{key} of {run.info.run_name}: {steps}"
            if key == "train/loss":
                assert sorted(steps) == list(range(1, ITERATIONS + 1))


def children(command: SweepCommand) -> tuple[dict[str, list[str]], Counter[str]]:
    """Kinds of the runs that stand for each trial, and how many runs have each status."""
    runs = mlflow_runs(command.runs)
    name = f"longtail.sweep.{command.read('sweep.json')['id']}"
    kinds: dict[str, list[str]] = {}
    for run in runs:
        if name in run.data.tags:
            kinds.setdefault(run.data.tags[name], []).append(run.data.tags["longtail.kind"])
            assert {LAMBDA, RATE} <= set(run.data.params)
    return kinds, Counter(run.info.status for run in runs)


def both(apart: GridCommand, runs: Path, cluster: Cluster, *more: str) -> GridCommand:
    """The rows that were trained apart, in one command."""
    return replace(apart, runs=runs, cluster=cluster, variants="rhead_cat,rhead_cat_3fc", more=more)


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


def assert_trained_as_apart(together: list[Path], apart: list[Path]) -> None:
    assert [node.name for node in together] == [node.name for node in apart]
    for node, alone in zip(together, apart, strict=True):
        assert results(node) == results(alone)


def starts(node: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (node / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line.get("event") == "started"]
