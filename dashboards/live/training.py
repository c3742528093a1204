"""How far a training is, from the lines of its journal as they come."""

from collections import deque
from dataclasses import dataclass
from typing import Any

from dashboards.live.tail import Tail

MOST_LOSSES = 48
"""Kept of a whole training: twice as many are halved to means of two."""
SPEED_LINES = 8
"""Over which the speed is taken."""


@dataclass(frozen=True)
class TrainingState:
    """Attributes:
    iteration: Optimizer steps done.
    iterations: Of the whole stage.
    loss: The last mean loss; None until there is one.
    losses: Of the whole training so far, thinned out evenly.
    images_per_second: Of the last line; None until there is one.
    memory: Bytes, the most that a worker had since the line before the last; None where that was
        not recorded.
    gpu_memory: The same of its GPU, as torch took it; None without one.
    eta_seconds: To its end at the speed of the last lines; None while that is unknown.
    attempt: From 1; more where it went on after an interruption.
    last: Unix seconds of the last line.
    damaged: Numbers of journal lines that are not what was written.
    """

    iteration: int
    iterations: int
    loss: float | None
    losses: tuple[float, ...]
    images_per_second: float | None
    memory: float | None
    gpu_memory: float | None
    eta_seconds: float | None
    attempt: int
    last: float
    damaged: tuple[int, ...]


class TrainingWatch:
    """Follows one training.

    Args:
        tail: Of its journal.
    """

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._start: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._recent: deque[tuple[int, float]] = deque(maxlen=SPEED_LINES)
        self._losses: list[float] = []
        self._sum, self._count, self._of = 0.0, 0, 1

    def state(self) -> TrainingState | None:
        """With all lines that are there by now; None before its first start."""
        for line in self._tail.new():
            self._take(line)
        if not self._start:
            return None
        loss = self._last.get("train/loss")
        last = self._last or self._start
        return TrainingState(
            iteration=int(last["step"]),
            iterations=int(self._start["iterations"]),
            loss=loss,
            losses=tuple(self._losses) or (() if loss is None else (loss,)),
            images_per_second=self._last.get("train/images_per_second"),
            memory=self._last.get("train/peak_memory_bytes"),
            gpu_memory=self._last.get("train/peak_gpu_memory_reserved_bytes"),
            eta_seconds=self._eta(),
            attempt=int(self._start.get("attempt", 1)),
            last=float(last["time"]),
            damaged=tuple(self._tail.damaged),
        )

    def _take(self, line: dict[str, Any]) -> None:
        if line.get("event") == "started":
            self._start, self._last = line, {}
            self._recent.clear()
            self._recent.append((int(line["step"]), float(line["time"])))
        elif "event" not in line and "step" in line:
            self._last = line
            self._recent.append((int(line["step"]), float(line["time"])))
            if "train/loss" in line:
                self._keep(float(line["train/loss"]))

    def _keep(self, loss: float) -> None:
        self._sum, self._count = self._sum + loss, self._count + 1
        if self._count < self._of:
            return
        self._losses.append(self._sum / self._count)
        self._sum, self._count = 0.0, 0
        if len(self._losses) == 2 * MOST_LOSSES:
            pairs = zip(self._losses[::2], self._losses[1::2], strict=True)
            self._losses = [(first + second) / 2 for first, second in pairs]
            self._of *= 2

    def _eta(self) -> float | None:
        if len(self._recent) < 2:
            return None
        (first, began), (last, ended) = self._recent[0], self._recent[-1]
        if last <= first or ended <= began:
            return None
        return (int(self._start["iterations"]) - last) * (ended - began) / (last - first)
