"""What a cluster can place: Ray waits for ever for what it never can."""

import logging
from collections.abc import Mapping
from typing import Any

import ray
from ray._private.state import state

from longtail.commands import InfrastructureError

log = logging.getLogger(__name__)

Resources = Mapping[str, float]
"""Amounts by Ray's names, as CPU and GPU."""


def num_slots(worker: Resources, workers: int, remedy: str) -> int:
    """How many times so many workers fit into the cluster, each worker on one machine.

    A cluster that may grow and has too little yet is taken to have one slot.

    Args:
        worker: What one worker takes.
        workers: Of one slot.
        remedy: What to lower, where not even one slot is there.

    Raises:
        InfrastructureError: Not even one fits.
    """
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    machines = [node["Resources"] for node in nodes if node["Alive"]]
    fit = sum(_fit(worker, machine) for machine in machines)
    if fit >= workers:
        return fit // workers
    told = f"{workers} workers of {_text(worker)} do not fit: the cluster has {_cluster(machines)}"
    if _may_grow(worker, workers):
        log.warning("%s; it may grow, waiting for machines", told)
        return 1
    raise InfrastructureError(f"{told}; {remedy}, or add machines")


def _fit(worker: Resources, machine: Resources) -> int:
    # A tenth of ten cores is ten tenths.
    shares = [machine.get(key, 0.0) / amount + 1e-9 for key, amount in worker.items() if amount]
    return int(min(shares, default=0))


def _may_grow(worker: Resources, workers: int) -> bool:
    """Whether an autoscaler has told the cluster that it may add enough machines."""
    try:
        limits: dict[str, Any] | None = state.get_max_resources_from_cluster_config()
    except Exception:
        # A client (ray://) is not told.
        return False
    if limits is None:
        return False
    return all(limits.get(key, 0) >= workers * amount for key, amount in worker.items())


def _cluster(machines: list[Resources]) -> str:
    shown = [
        _text({key: machine[key] for key in ("CPU", "GPU") if key in machine}) or "0 CPU"
        for machine in sorted(machines, key=_size, reverse=True)
    ]
    counts = {text: shown.count(text) for text in dict.fromkeys(shown)}
    return " and ".join(
        f"{number} x {text}" if number > 1 else text for text, number in counts.items()
    )


def _size(machine: Resources) -> tuple[float, float]:
    return machine.get("CPU", 0.0), machine.get("GPU", 0.0)


def _text(resources: Resources) -> str:
    return ", ".join(f"{amount:g} {key}" for key, amount in resources.items())
