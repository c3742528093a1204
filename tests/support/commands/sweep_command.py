"""The real sweep command on a toy data set: Ray, SQLite MLflow, a search over one trunk."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.commands.grid_command import BOTH_CORES, ended, start
from support.on_ray.clusters import Cluster

FIRST_ITERATIONS = 6
ITERATIONS = 9
RUNGS = [1, 3, ITERATIONS]
LAMBDA = "stages.1.classifier.tail_frequency"
RATE = "stages.1.optimizer.base_lr"
SPACE = (f"{LAMBDA}=loguniform(1e-3,0.9)", f"{RATE}=loguniform(1e-4,1e-2)")


@dataclass(frozen=True)
class SweepCommand:
    """The command line of one and the same small sweep, for any runs folder.

    Attributes:
        data: Folder of the toy set.
        runs: The runs folder.
        cluster: Where it runs.
        num_trials: Of a random search: the first of more are the same.
        more: Further words.
    """

    data: Path
    runs: Path
    cluster: Cluster
    num_trials: int = 5
    more: tuple[str, ...] = ()

    def words(self) -> list[str]:
        searches = [word for search in SPACE for word in ("--search", search)]
        base = ["--variant", "eql_head_r50", "--name", "toy", *searches]
        trials = ["--algorithm", "random", "--trials", f"{self.num_trials}"]
        return ["experiments/sweep.py", *base, *self.common(), *trials, *self.more]

    def common(self) -> list[str]:
        """Words that `experiments/grid.py` takes too."""
        settings = {
            "warmup_iterations": 2,
            "checkpoint_every": 3,
            "log_every": 1,
            "images_per_step": 2,
        }
        changes = [
            f"stages.{stage}.schedule.{key}={value}"
            for stage, iterations in enumerate((FIRST_ITERATIONS, ITERATIONS))
            for key, value in {"iterations": iterations, **settings}.items()
        ]
        files = ("--train", "train.json", "--val", "val.json", "--images", "images")
        paths = [word if word.startswith("--") else str(self.data / word) for word in files]
        sets = [word for change in changes for word in ("--set", change)]
        of_run = [
            "--resamples",
            "20",
            "--cpus-per-worker",
            f"{BOTH_CORES}",
            "--runs",
            str(self.runs),
        ]
        return [*paths, "--scale", "demo", *sets, *of_run]

    def start(self) -> subprocess.Popen[str]:
        return start(self.words(), self.cluster)

    def run(self) -> tuple[int, str]:
        """Exit code and everything printed."""
        return ended(self.start())

    def has_rung(self) -> bool:
        """Whether a trial came to its first rung."""
        return any(self.runs.glob("nodes/*/curves/*/step-*.json"))

    def events(self) -> list[dict[str, Any]]:
        """The lines of the journal."""
        text = (self.runs / "sweeps" / "toy" / "trials.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def trials(self) -> dict[int, dict[str, Any]]:
        """Those that ended, by number; each may end once."""
        ends = [event["trial"] for event in self.events() if event["event"] == "ended"]
        trials = {trial["number"]: trial for trial in ends}
        assert len(trials) == len(ends)
        return trials

    def read(self, name: str) -> Any:
        """A JSON file of the sweep's folder."""
        return json.loads((self.runs / "sweeps" / "toy" / name).read_text())
