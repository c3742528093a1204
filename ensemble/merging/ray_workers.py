"""The tasks of a merge on a Ray cluster; folders and sources must be on storage that all share."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

# First: it sets what Ray reads when it is imported.
from longtail.ray_cluster.connection import connect  # isort: skip

import ray
from ray.exceptions import RayError, RayTaskError

from longtail.commands import InfrastructureError, interrupted_as_it_was
from longtail.ray_cluster.fit import num_slots


class RayTasks:
    """A Ray cluster, joined or started once by a process, and left when that ends.

    Args:
        address: A Ray address; None takes `RAY_ADDRESS` (set inside a submitted job), else starts a
            cluster of this machine.

    Raises:
        InfrastructureError: There is no cluster at the address, it refuses the token, or has no CPU
            for a task.
    """

    def __init__(self, address: str | None) -> None:
        connect(address)
        num_slots({"CPU": 1}, 1, "a task takes one")

    def run(self, call: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """See `backends.Backend`."""
        task = ray.remote(max_retries=2)(call)
        # What all tasks share, such as a plan, is sent once.
        values = {id(value): value for each in arguments for value in each}
        sent = {key: ray.put(value) for key, value in values.items()}
        waiting = [task.remote(*(sent[id(value)] for value in each)) for each in arguments]
        try:
            while waiting:
                with interrupted_as_it_was():
                    (done,), waiting = ray.wait(waiting)
                    result = ray.get(done)
                yield result
        except RayTaskError as error:
            raise error.cause from None
        except RayError as error:
            raise InfrastructureError(
                f"Ray lost a task ({error}); run the same command again to go on"
            ) from None
        finally:
            for reference in waiting:
                ray.cancel(reference, force=True)
