"""The machines that a merge runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ensemble.backends import Backend, local_backend, num_processors


@dataclass(frozen=True)
class Place:
    """Where a merge runs.

    Attributes:
        num_workers: Most processes on this machine; None for one a processor.
        use_ray: A Ray cluster instead.
        address: Of that.
    """

    num_workers: int | None = None
    use_ray: bool = False
    address: str | None = None

    def __post_init__(self) -> None:
        if self.use_ray and self.num_workers is not None:
            raise ValueError("--num-workers is for this machine; leave it out with --ray")
        if self.address is not None and not self.use_ray:
            raise ValueError("--address is that of a Ray cluster; give --ray too")

    @property
    def processes(self) -> int:
        """Processes of this machine that may be used."""
        return num_processors() if self.num_workers is None else self.num_workers

    @contextmanager
    def backend(self, num_worthy: int) -> Iterator[Backend]:
        """What runs tasks.

        Args:
            num_worthy: Processes of this machine that have enough to do to be worth their start;
                with less than two of them the tasks run in this process.

        Raises:
            ValueError: Less than one worker.
            InfrastructureError: The cluster cannot be reached.
        """
        if not self.use_ray:
            # Checked whatever there is to do.
            allowed = local_backend(self.processes)
            few = num_worthy < self.processes
            yield local_backend(max(1, num_worthy)) if few else allowed
            return
        from ensemble.ray_backend import RayTasks

        yield RayTasks(self.address)
