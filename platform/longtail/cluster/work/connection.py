"""How much of a plan the cluster can run at once, and what this machine could never place."""

import os

import torch

from longtail.cluster.nodes.settings import WorkerResources
from longtail.commands import InfrastructureError
from longtail.ray_cluster import fit


def check_machine(resources: WorkerResources, address: str | None) -> None:
    """Hold a node's workers against the machine that a local cluster would consist of.

    With an address, or `RAY_ADDRESS`, nothing is known before the cluster is joined (`num_slots`).

    Raises:
        InfrastructureError: There are not enough cores or GPUs.
    """
    if (address or os.environ.get("RAY_ADDRESS") or "local") != "local":
        return
    there = {"CPU": float(os.cpu_count() or 1), "GPU": float(torch.cuda.device_count())}
    for kind, amount in resources.per_worker().items():
        if amount * resources.workers > there[kind]:
            raise InfrastructureError(
                f"{resources.workers} workers of {amount:g} {kind} do not fit: this machine has"
                f" {there[kind]:g} {kind}; lower --workers, --cpus-per-worker or"
                " --gpus-per-worker, or name a cluster with --address"
            )


def num_slots(resources: WorkerResources) -> int:
    """How many nodes of the grid the cluster can run at once.

    Raises:
        InfrastructureError: Not even one fits. Ray itself would wait for ever.
    """
    remedy = "lower --workers, --cpus-per-worker or --gpus-per-worker"
    return fit.num_slots(resources.per_worker(), resources.workers, remedy)
