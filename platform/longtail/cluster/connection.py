"""Joining or starting Ray, and refusing work that the cluster could never place."""

import logging
import os

import ray

from longtail.cluster.settings import WorkerResources
from longtail.commands import InfrastructureError, Terminated, end_on_sigterm

OBJECT_STORE_BYTES = 300 * 2**20


def connect(address: str | None, quiet: bool = True) -> None:
    """Join the cluster at `address`, or start a local one; a process does so once.

    Args:
        address: A Ray address; None takes `RAY_ADDRESS` (set inside a submitted job), else starts a
            cluster of this machine that ends with the process.
        quiet: Keep the workers' own output in Ray's log files.

    Raises:
        InfrastructureError: There is no cluster at the address, or it refuses the token.
    """
    if ray.is_initialized():
        return
    target = address or os.environ.get("RAY_ADDRESS") or "local"
    store = OBJECT_STORE_BYTES if target == "local" else None
    try:
        ray.init(
            address=target,
            log_to_driver=not quiet,
            logging_level=logging.ERROR,
            object_store_memory=store,
        )
    except SystemExit as end:
        # Ray's own answer to SIGTERM while it starts.
        raise Terminated from end
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InfrastructureError(
            f"cannot reach a Ray cluster at {target}: {error}\n"
            "check `ray status`, RAY_ADDRESS and RAY_AUTH_MODE (token by default);"
            " without --address a local cluster is started"
        ) from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    end_on_sigterm()


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
