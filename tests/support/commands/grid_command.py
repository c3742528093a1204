"""The real grid command on a toy data set: Ray, SQLite MLflow, two variants or others."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.on_ray.clusters import Cluster
from support.places import ROOT

ITERATIONS = 12
BOTH_CORES = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class GridCommand:
    """The command line of one and the same small grid, for any runs folder.

    Attributes:
        data: Folder of the toy set.
        runs: The runs folder.
        cluster: Where it runs.
        more: Further words.
        variants: What `--variants` is given.
        num_stages: Stages of each.
        cpus: Cores of a worker; with both there is one worker group to start, not two.
    """

    data: Path
    runs: Path
    cluster: Cluster
    more: tuple[str, ...] = ()
    variants: str = "sigmoid_r50,eql_rfs_r50"
    num_stages: int = 1
    cpus: int = BOTH_CORES

    def words(self) -> list[str]:
        return ["experiments/grid.py", *self.options()]

    def options(self) -> list[str]:
        settings = {
            "iterations": ITERATIONS,
            "warmup_iterations": 2,
            "checkpoint_every": 3,
            "log_every": 1,
            "images_per_step": 2,
        }
        changes = [
            f"stages.{stage}.schedule.{key}={value}"
            for stage in range(self.num_stages)
            for key, value in settings.items()
        ]
        files = ("--train", "train.json", "--val", "val.json", "--images", "images")
        paths = [word if word.startswith("--") else str(self.data / word) for word in files]
        rows = ["--variants", self.variants, "--scale", "demo", "--cpus-per-worker", f"{self.cpus}"]
        sets = [word for change in changes for word in ("--set", change)]
        return [*rows, *paths, *sets, *self.more, "--runs", str(self.runs)]

    def start(self) -> subprocess.Popen[str]:
        return start(self.words(), self.cluster)

    def run(self) -> tuple[int, str]:
        """Exit code and everything printed."""
        return ended(self.start())

    def has_checkpoint(self) -> bool:
        """Whether a training is under way."""
        return len(self.nodes_with_checkpoints()) > 0

    def nodes_with_checkpoints(self) -> set[str]:
        """Trainings that are under way or done."""
        found = self.runs.glob("nodes/stage-*/checkpoints/step-*")
        return {checkpoint.parent.parent.name for checkpoint in found}

    def rows(self) -> dict[str, Any]:
        """The result rows of `table.json`."""
        rows: dict[str, Any] = self.table()["rows"]
        return rows

    def table(self) -> dict[str, Any]:
        """All of `table.json`."""
        (path,) = self.runs.glob("grids/*/table.json")
        table: dict[str, Any] = json.loads(path.read_text())
        return table

    def journals(self) -> dict[str, list[dict[str, Any]]]:
        """All journal lines by node."""
        return {
            path.parent.name: [json.loads(line) for line in path.read_text().splitlines()]
            for path in self.runs.glob("nodes/*/metrics.jsonl")
        }


def start(words: list[str], cluster: Cluster) -> subprocess.Popen[str]:
    """A command of this repository, in a session of its own as a shell would start it."""
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=cluster.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_interruptible,
    )


def _interruptible() -> None:
    """What a shell starts in the background ignores SIGINT, what `nohup` starts SIGHUP, and so
    would all that these start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and everything printed."""
    output, _ = process.communicate(timeout=900)
    return process.returncode, output
