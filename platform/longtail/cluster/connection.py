"""How much of a plan the cluster can run at once."""

from longtail.cluster.settings import WorkerResources
from longtail.ray_cluster import fit


def places(resources: WorkerResources) -> int:
    """How many nodes of the grid the cluster can run at once.

    Raises:
        InfrastructureError: Not even one fits. Ray itself would wait for ever.
    """
    remedy = "lower --workers, --cpus-per-worker or --gpus-per-worker"
    return fit.places(resources.per_worker(), resources.workers, remedy)
