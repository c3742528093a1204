"""From nothing to worker groups: what a grid and a sweep do before their first node."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.settings import GridSettings
from longtail.cluster.pool.pool import WorkerPool, worker_pool
from longtail.cluster.work.connection import num_slots
from longtail.ray_cluster.connection import connect


@contextmanager
def started_pool(plan: Plan, settings: GridSettings, num_groups: int) -> Iterator[WorkerPool]:
    """As many worker groups as the cluster holds, some of them started already.

    The plan's detectors are built without weights while the cluster starts, which takes as long.

    Args:
        plan: What is to be run.
        settings: Where and with what.
        num_groups: Groups for which there is work at once.

    Raises:
        ValueError: A detector cannot be built.
        InfrastructureError: No cluster, or one on which the workers can never be placed.
    """
    with ThreadPoolExecutor(1) as beside:
        buildable = beside.submit(_check_buildable, plan, settings.resources.workers)
        connect(settings.address, dashboard=settings.dashboard)
        at_once = num_slots(settings.resources)
        with worker_pool(at_once, settings.resources, settings.runs / "ray") as pool:
            pool.start(min(num_groups, at_once))
            buildable.result()
            yield pool


def _check_buildable(plan: Plan, workers: int) -> None:
    # Importing torch is most of it, so that belongs beside the start of the cluster too.
    from longtail.cluster.work.preflight import check_buildable

    check_buildable(plan, workers)
