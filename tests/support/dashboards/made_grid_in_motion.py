"""A made-up grid on storage, at any moment of its way; trainings, predictions and evaluations."""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.plan_file import PLAN
from longtail.sealed import seal

BEGAN = 1_000_000.0


def node_of(kind: str, number: int, label: str, state: str, **more: Any) -> dict[str, Any]:
    """A node as `plan.json` has it."""
    node = {
        "id": f"{kind}-{number:012}",
        "kind": kind,
        "label": label,
        "parents": [],
        "state": state,
        "found": False,
        "pass": [],
        "error": None,
    }
    return {**node, **more}


def row_of(number: int, name: str, states: Sequence[str], **more: Any) -> list[dict[str, Any]]:
    """Training, predictions and evaluation of a row, each in its state."""
    stage = node_of("stage", number, f"{name} training", states[0], **more)
    predictions = node_of(
        "predictions", number, f"{name} predictions", states[1], parents=[stage["id"]]
    )
    evaluation = node_of("evaluation", number, name, states[2], parents=[predictions["id"]])
    return [stage, predictions, evaluation]


def write_plan(
    folder: Path, nodes: Sequence[Mapping[str, Any]], ended: str | None = None, **facts: Any
) -> Path:
    """A grid's `plan.json`, as its driver, which is this process, wrote it."""
    tree = {
        "kind": "grid",
        "name": folder.name,
        "began": BEGAN,
        "host": socket.gethostname(),
        "process": os.getpid(),
        "each": {"workers": 2, "cpus": 1.0, "gpus": 0.0},
        "rows": {},
        "ended": ended,
        **facts,
        "nodes": list(nodes),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PLAN).write_text(json.dumps(tree))
    os.utime(folder / PLAN, (BEGAN + 100, BEGAN + 100))
    return folder / PLAN


def line(tree: Mapping[str, Any]) -> bytes:
    """A line of a journal."""
    return seal(json.dumps(tree).encode()) + b"\n"


def started(iterations: int, step: int = 0, at: float = BEGAN, attempt: int = 1) -> bytes:
    """The line that opens an attempt."""
    facts = {"event": "started", "step": step, "iterations": iterations}
    return line({**facts, "time": at, "attempt": attempt})


def step(number: int, loss: float, at: float) -> bytes:
    """A line of metrics."""
    values = {"train/loss": loss, "train/images_per_second": 8.0}
    return line({"step": number, **values, "time": at, "attempt": 1})


def append(runs: Path, node: str, *lines: bytes) -> Path:
    """Lines at the end of a node's journal."""
    path = runs / "nodes" / node / "metrics.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"".join(lines))
    return path
