"""A toy data set, and commands on it that nothing interrupted: what other ways must equal."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands.grid_command import GridCommand
from support.commands.sweep_command import SweepCommand
from support.on_ray.clusters import NO_CLUSTER, Cluster
from support.on_ray.shared_folder import made_once
from support.on_ray.warm_pool import WarmPool

from longtail.commands import NO_REPORT

WARM = pytest.StashKey[WarmPool]()
ON_A_WARM_POOL = ("test_grid.py", "test_sweep.py", "test_shared_pass.py")
"""One after the other; see `on_ray/worker_groups.py`."""


@pytest.fixture(scope="session")
def toy_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from longtail.data.synthetic.dataset import Parameters, write_dataset

    parameters = Parameters(16, 8, 0, categories=6, size=64, seed=0)
    return made_once(tmp_path_factory, "toy", lambda folder: write_dataset(folder, parameters))


@pytest.fixture(scope="session")
def warm(
    ray_head: Cluster, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[WarmPool]:
    """A pool that stays while one test after the other uses it."""
    pool = request.config.stash[WARM] = WarmPool(ray_head, tmp_path_factory.mktemp("warm"))
    yield pool
    pool.close()


def pytest_runtest_call(item: pytest.Item) -> None:
    """Give back what a warm pool holds where a test is not on it but one of its fixtures was."""
    _leave_to(item, item)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Give it back before others want it."""
    _leave_to(nextitem, item)


def _leave_to(user: pytest.Item | None, item: pytest.Item) -> None:
    pool = item.config.stash.get(WARM, None)
    if pool is not None and (user is None or user.path.name not in ON_A_WARM_POOL):
        pool.close()


@pytest.fixture(scope="session")
def uninterrupted(
    toy_set: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> GridCommand:
    """The grid run once from beginning to end."""

    def run(folder: Path) -> None:
        warm: WarmPool = request.getfixturevalue("warm")
        code, output = warm.run(GridCommand(toy_set, folder, NO_CLUSTER).words())
        assert code == 0, output

    runs = made_once(tmp_path_factory, "uninterrupted", run)
    return GridCommand(toy_set, runs, NO_CLUSTER)


@pytest.fixture(scope="session")
def apart(
    toy_set: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> GridCommand:
    """Two rows over one trunk, either by a command of its own, in the same runs folder."""

    def run(folder: Path) -> None:
        command = GridCommand(toy_set, folder, NO_CLUSTER, num_stages=2)
        warm: WarmPool = request.getfixturevalue("warm")
        for row in ("rhead_cat", "rhead_cat_3fc"):
            code, output = warm.run(replace(command, variants=row).words())
            assert code == 0 and "shared trunk" not in output, output

    runs = made_once(tmp_path_factory, "apart", run)
    return GridCommand(toy_set, runs, NO_CLUSTER, num_stages=2)


@pytest.fixture(scope="session")
def swept(
    toy_set: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> SweepCommand:
    """The sweep once from beginning to end."""

    def run(folder: Path) -> None:
        warm: WarmPool = request.getfixturevalue("warm")
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv(NO_REPORT)
            code, output = warm.run(SweepCommand(toy_set, folder, NO_CLUSTER).words())
        assert code == 0, output
        assert "saved" in output and "shared trunk (" in output

    return SweepCommand(toy_set, made_once(tmp_path_factory, "swept", run), NO_CLUSTER)
