"""How a plan is run: nothing here changes what it computes."""

import os
from dataclasses import dataclass
from pathlib import Path

from longtail.commands import InfrastructureError


@dataclass(frozen=True)
class WorkerResources:
    """What one node of the grid occupies while it runs.

    Attributes:
        workers: Training workers, or prediction tasks at a time.
        cpus: CPU cores of each.
        gpus: GPUs of each; 0 runs on the CPU.
    """

    workers: int
    cpus: float
    gpus: float

    def per_worker(self) -> dict[str, float]:
        """The resources of one worker as Ray names them."""
        return {"CPU": self.cpus} | ({"GPU": self.gpus} if self.gpus else {})


@dataclass(frozen=True)
class GridSettings:
    """Where and with what a plan is run.

    Attributes:
        runs: The runs folder, absolute, on storage that every worker sees.
        resources: What one node occupies.
        address: Ray cluster; None takes `RAY_ADDRESS`, else a local one.
        loader_processes: Processes per training worker that prepare samples.
        experiment: MLflow experiment.
        name: Name of the parent run in MLflow.
        dashboard: Whether a local cluster has Ray's web page.
    """

    runs: Path
    resources: WorkerResources
    address: str | None
    loader_processes: int
    experiment: str
    name: str
    dashboard: bool = False


def check_writable(runs: Path) -> None:
    """Make the runs folder and try to write in it.

    Raises:
        InfrastructureError: It cannot be made or written.
    """
    probe = runs / f".probe-{os.getpid()}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise InfrastructureError(f"--runs {runs}: cannot write there ({error})") from error
