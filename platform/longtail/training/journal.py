"""The journal of a run: one sealed JSON line per entry, on disk before anything else learns of it.

Metric lines hold `step`, `time` (unix seconds), `attempt` and values named like `train/loss`. Every
attempt opens with an event line, which has `event` and no values.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtail.journal import append_line, keep_lines, read_records

JOURNAL = "metrics.jsonl"
REMEDY = "remove that line"


class Journal:
    """Appends lines to a journal file, each flushed to disk before `append` returns.

    A line that a crash left incomplete is removed first. One process writes at a time.

    Args:
        path: The file, made if absent.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.attempt = 1 + max((line["attempt"] for line in read_lines(path)), default=0)
        keep_lines(path)
        self._file = path.open("ab")

    def append(self, step: int, values: Mapping[str, float]) -> None:
        """Add a metric line.

        Args:
            step: Optimizer steps done.
            values: Finite numbers by metric name.
        """
        self._write({"step": step, **values})

    def start(self, step: int, iterations: int, **facts: Any) -> None:
        """Add the event line that opens an attempt.

        Args:
            step: Optimizer steps already done.
            iterations: Steps of the whole stage.
            **facts: What else is worth keeping about the start, as JSON values.
        """
        self._write({"event": "started", "step": step, "iterations": iterations, **facts})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, entry: Mapping[str, Any]) -> None:
        line = {**entry, "time": time.time(), "attempt": self.attempt}
        append_line(self._file, json.dumps(line, allow_nan=False).encode())


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The metric lines by rising step, one per step: the last that was written.

    A missing file has no lines, and a torn last line is ignored.
    """
    by_step = {line["step"]: line for line in read_lines(path) if "event" not in line}
    return [by_step[step] for step in sorted(by_step)]


@dataclass(frozen=True)
class Progress:
    """How far a stage is, for a live display.

    Attributes:
        iteration: Optimizer steps done.
        iterations: Steps of the whole stage.
        iterations_per_second: Since the line before; 0 until the attempt has a metric line.
        loss: The last mean loss; None until there is one.
        eta_seconds: Time to the end at that speed; None while the speed is unknown.
    """

    iteration: int
    iterations: int
    iterations_per_second: float
    loss: float | None
    eta_seconds: float | None


def read_progress(directory: Path) -> Progress | None:
    """The progress of the last attempt in a node's directory; None before its first start."""
    lines = read_lines(directory / JOURNAL)
    starts = [index for index, line in enumerate(lines) if line.get("event") == "started"]
    if not starts:
        return None
    attempt = lines[starts[-1] :]
    last, iterations = attempt[-1], attempt[0]["iterations"]
    speed = 0.0
    if len(attempt) > 1:
        before = attempt[-2]
        speed = (last["step"] - before["step"]) / max(last["time"] - before["time"], 1e-9)
    eta = (iterations - last["step"]) / speed if speed else None
    return Progress(last["step"], iterations, speed, last.get("train/loss"), eta)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Every complete line as it was written, those that open attempts too.

    A missing file has no lines, and a torn last line is ignored.
    """
    return read_records(path, dict[str, Any], "line of metrics", REMEDY)
