"""Work for worker groups that tests can watch, hold and kill."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT: list[bytes] = []


@dataclass(frozen=True)
class Toy:
    """Counts to `steps`, one file each; after a step it may wait for a file, raise, or keep memory.

    Attributes:
        folder: Takes its files; every line of `log-RANK.jsonl` has the process.
        steps: How far it counts.
        holds_at: Step after which it waits until the file `go` is there.
        raises: What it raises there, the first `times` times.
        keeps: Bytes that it does not let go of.
    """

    folder: Path
    steps: int = 3
    holds_at: int | None = None
    raises: type[Exception] | None = None
    times: int = 1
    keeps: int = 0

    def __call__(self, rank: int, world_size: int) -> list[int]:
        """Go on from the last step that is in storage."""
        self.note(rank, "begun")
        KEPT.append(b"x" * self.keeps)
        done = len(list(self.folder.glob(f"step-{rank}-*")))
        for step in range(done, self.steps):
            (self.folder / f"step-{rank}-{step}").touch()
            if self.holds_at == step:
                self.note(rank, "holding")
                while not (self.folder / "go").exists():
                    time.sleep(0.02)
        if self.raises is not None and len(self.lines(rank, "begun")) <= self.times:
            self.note(rank, "raised")
            raise self.raises(f"no luck in {self.folder.name}")
        self.note(rank, "ended")
        return [rank, world_size, self.steps]

    def note(self, rank: int, what: str) -> None:
        line = json.dumps({"what": what, "pid": os.getpid(), "time": time.time()})
        with (self.folder / f"log-{rank}.jsonl").open("a") as log:
            log.write(line + "\n")

    def lines(self, rank: int = 0, what: str | None = None) -> list[dict[str, Any]]:
        """What it noted, of one kind or all."""
        log = self.folder / f"log-{rank}.jsonl"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [line for line in lines if what in (None, line["what"])]

    def go(self) -> None:
        """Let it go on where it holds."""
        (self.folder / "go").touch()
