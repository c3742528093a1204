"""Commands in the process of the tests, on worker groups that outlive each of them.

A command starts its worker groups and ends them with itself, which takes half a minute of a core.
Tests that are about what a command does with them share one that stays; that groups start, end and
are replaced is what other tests are about.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from support.commands.in_process import exit_code
from support.on_ray.clusters import Cluster

from longtail.commands import NO_REPORT


class WarmPool:
    """One pool of a head, made when a command first asks for one.

    Args:
        head: Joined while there is a pool.
        storage: Takes Ray's own records.
    """

    def __init__(self, head: Cluster, storage: Path) -> None:
        self._head, self._storage = head, storage
        self._patch: pytest.MonkeyPatch | None = None
        self._pool: Any = None

    def run(self, words: list[str]) -> tuple[int, str]:
        """Exit code of a command, and everything printed."""
        from experiments.grid import main as grid
        from experiments.sweep import main as sweep

        self._join()
        main = {"experiments/grid.py": grid, "experiments/sweep.py": sweep}[words[0]]
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = exit_code(main, *words[1:])
        return code, said.getvalue()

    def close(self) -> None:
        """End the groups and leave the head."""
        import ray

        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self._patch is not None:
            ray.shutdown()
            self._patch.undo()
            self._patch = None

    def _join(self) -> None:
        import ray

        if self._patch is not None:
            return
        self._patch = pytest.MonkeyPatch()
        for name, value in self._head.environment.items():
            # Whether a command makes a report is its test's to say.
            if name != NO_REPORT and os.environ.get(name) != value:
                self._patch.setenv(name, value)
        from longtail.cluster.work import start_up

        self._patch.setattr(start_up, "worker_pool", self._kept)
        address = self._head.environment["RAY_ADDRESS"]
        told = {"env_vars": {"RAY_ADDRESS": address}}
        ray.init(address, runtime_env=told, log_to_driver=False)

    @contextmanager
    def _kept(self, num_groups: int, resources: Any, storage: Path) -> Iterator[Any]:
        from longtail.cluster.pool.pool import WorkerPool

        if self._pool is None:
            self._resources = resources
            self._pool = WorkerPool(num_groups, resources, self._storage)
        assert resources == self._resources
        yield self._pool
