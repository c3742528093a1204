"""Made-up nodes of a grid, with journals and times that a test chooses."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.ledger import NODE, RESULT
from longtail.cluster.nodes.places import PLACES
from longtail.sealed import seal
from longtail.training.journal import JOURNAL

BEGIN = 1_790_000_000.0
"""Unix seconds from which the times of made-up nodes count."""


@dataclass(frozen=True)
class MadeAttempt:
    """An attempt of a training.

    Attributes:
        begin: Seconds after `BEGIN` of the line that opens it.
        first: First step with a record.
        last: Last one.
        together: Trainings in the pass.
        pace: Seconds of a step.
        every: Steps between records.
    """

    begin: float
    first: int
    last: int
    together: int = 1
    pace: float = 1.0
    every: int = 1


def made_loss(step: int, level: float = 0.0) -> float:
    """Of a step: it falls, and spikes at every hundredth step."""
    return 4.0 / (1 + step / 500) + level + (3.0 if step % 100 == 50 else 0.0)


def write_journal(node: Path, attempts: Sequence[MadeAttempt], level: float = 0.0) -> None:
    """A training's journal: loss and two parts, learning rate, images a second."""
    lines = [
        seal(json.dumps({**values, "attempt": number}).encode()) + b"\n"
        for number, of in enumerate(attempts, 1)
        for values in _lines(of, level)
    ]
    (node / JOURNAL).write_bytes(b"".join(lines))


def write_node(
    runs: Path,
    node_id: str,
    label: str,
    created: float,
    parents: Sequence[str] = (),
    ended: float | None = None,
) -> Path:
    """A node of the kind its id begins with; returns its directory.

    Args:
        runs: The runs folder.
        node_id: Such as "stage-1".
        label: For people.
        created: Seconds after `BEGIN`.
        parents: Ids of the nodes it needs.
        ended: When its result was written; None without one.
    """
    node = runs / "nodes" / node_id
    node.mkdir(parents=True)
    tree = {
        "id": node_id,
        "kind": node_id.split("-")[0],
        "label": label,
        "seed": 0,
        "config": {},
        "inputs": {},
        "parents": list(parents),
        "created": BEGIN + created,
    }
    (node / NODE).write_text(json.dumps(tree))
    if ended is not None:
        (node / RESULT).write_text("{}")
        os.utime(node / RESULT, (BEGIN + ended, BEGIN + ended))
    return node


def write_places(node: Path, places: Sequence[tuple[float, str, int | None]]) -> None:
    """Where the attempts of a node were made.

    Args:
        node: Its directory.
        places: Of each attempt: seconds after `BEGIN`, the host, and the worker group.
    """
    records = [{"time": BEGIN + at, "host": host, "group": group} for at, host, group in places]
    lines = [seal(json.dumps(of).encode()) + b"\n" for of in records]
    (node / PLACES).write_bytes(b"".join(lines))


def write_grid(
    runs: Path,
    rows: Mapping[str, Mapping[str, str]],
    resources: Mapping[str, Any] | None = None,
) -> Path:
    """A grid without results, whose rows are linked to nodes; returns its folder.

    Args:
        runs: The runs folder.
        rows: By name: ids of nodes by "training", "predictions", "evaluation".
        resources: As the grid's table keeps them.
    """
    grid = runs / "grids" / "made"
    grid.mkdir(parents=True)
    for name, nodes in rows.items():
        (grid / name).mkdir()
        for link, node_id in nodes.items():
            target = runs / "nodes" / node_id
            if link == "predictions":
                target = target / "predictions"
                target.mkdir(exist_ok=True)
            (grid / name / link).symlink_to(os.path.relpath(target, grid / name))
    table = {"grid": "made", "rows": dict.fromkeys(rows), "resources": resources}
    (grid / "table.json").write_text(json.dumps(table))
    return grid


def _lines(of: MadeAttempt, level: float) -> Iterator[dict[str, Any]]:
    start = {"event": "started", "step": of.first - 1, "iterations": 1000}
    shared = {"shared_trunk": of.together} if of.together > 1 else {}
    yield {**start, **shared, "time": BEGIN + of.begin}
    for step in range(of.first, of.last + 1):
        if step % of.every:
            continue
        loss = made_loss(step, level)
        yield {
            "step": step,
            "train/loss": loss,
            "train/loss_box": loss / 4,
            "train/loss_mask": 3 * loss / 4,
            "train/lr": 0.01 * min(1.0, step / 50) if step < 700 else 0.001,
            "train/images_per_second": 16 / of.pace,
            "train/peak_memory_bytes": 3 * 2**30,
            "time": BEGIN + of.begin + (step - of.first + 1) * of.pace,
        }
