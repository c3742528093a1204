"""The tasks of a merge on a Ray cluster; folders and sources must be on storage that all share."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# Ray reads these when it is imported; a user's own settings win.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from ray.exceptions import RayError, RayTaskError

from longtail.commands import (
    InfrastructureError,
    Terminated,
    end_on_sigterm,
    interrupted_as_it_was,
)

OBJECT_STORE_BYTES = 300 * 2**20


class RayTasks:
    """A Ray cluster, joined or started; it is left when the `with` block ends.

    Args:
        address: A Ray address; None takes `RAY_ADDRESS` (set inside a submitted job), else starts a
            cluster of this machine.

    Raises:
        InfrastructureError: There is no cluster at the address, or it refuses the token.
    """

    def __init__(self, address: str | None) -> None:
        self._target = address or os.environ.get("RAY_ADDRESS") or "local"

    def __enter__(self) -> "RayTasks":
        try:
            ray.init(
                address=self._target,
                logging_level=logging.ERROR,
                log_to_driver=False,
                object_store_memory=OBJECT_STORE_BYTES if self._target == "local" else None,
            )
        except SystemExit as end:
            # Ray's own answer to SIGTERM while it starts.
            raise Terminated from end
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise InfrastructureError(
                f"cannot reach a Ray cluster at {self._target}: {error}\n"
                "check `ray status`, RAY_ADDRESS and RAY_AUTH_MODE (token by default); without "
                "--address a local cluster is started"
            ) from error
        end_on_sigterm()
        return self

    def __exit__(self, *_: object) -> None:
        ray.shutdown()

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
