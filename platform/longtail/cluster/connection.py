"""How much of a plan the cluster can run at once, and refusing what it could never place."""

import ray

from longtail.cluster.settings import WorkerResources
from longtail.commands import InfrastructureError


def places(resources: WorkerResources) -> int:
    """How many nodes of the grid the cluster can run at once.

    Raises:
        InfrastructureError: Not even one fits. Ray itself would wait for ever.
    """
    cluster: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    per_node = {key: amount * resources.workers for key, amount in resources.per_worker().items()}
    fits = [int(cluster.get(key, 0) // amount) for key, amount in per_node.items() if amount]
    if min(fits) < 1:
        raise InfrastructureError(
            f"{resources.workers} workers of {_text(resources.per_worker())} do not fit: the"
            f" cluster has {_text({key: cluster.get(key, 0) for key in per_node})};"
            " lower --workers, --cpus-per-worker or --gpus-per-worker, or add machines"
        )
    return min(fits)


def _text(resources: dict[str, float]) -> str:
    return ", ".join(f"{amount:g} {key}" for key, amount in resources.items())
