"""Ray clusters, and which tests run in the same one of pytest-xdist's worker processes.

A file's tests stay together: they share fixtures. So do files on the shared head, that there is one
head, and files that start clusters, that there is one such cluster at a time.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import pytest
from clusters import Cluster, own_cluster, shared_head

ON_THE_HEAD = (
    "experiments/test_grid.py",
    "experiments/test_sweep.py",
    "experiments/test_shared_pass.py",
    "experiments/test_job.py",
    "experiments/test_engines.py",
    "longtail/sweep/test_search.py",
    "ensemble/test_tune.py",
    "ensemble/test_merge_workers.py",
)
WITH_CLUSTERS = (
    "experiments/test_interruptions.py",
    "longtail/cluster/pool/test_pool.py",
    "experiments/test_kills.py",
)
"""Last what compares itself with a run on the head, which is done by then."""


@pytest.fixture(scope="session", name="head")
def head_fixture() -> Iterator[Cluster]:
    """The head that all tests join which neither kill nor interrupt anything."""
    with shared_head() as cluster:
        yield cluster


@pytest.fixture(name="own_cluster")
def own_cluster_fixture() -> Iterator[Cluster]:
    """For commands that start a cluster each."""
    with own_cluster() as cluster:
        yield cluster


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _skip_without_gpu(items)
    if hasattr(config, "workerinput"):
        _longest_first(items)


def _skip_without_gpu(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def _longest_first(items: list[pytest.Item]) -> None:
    """Groups in this order keep both workers busy to the end."""
    slow = {_file_of(item.nodeid) for item in items if item.get_closest_marker("slow")}
    order = (*ON_THE_HEAD, *WITH_CLUSTERS)

    def rank(item: pytest.Item) -> int:
        file = _file_of(item.nodeid)
        needs_head = "head" in getattr(item, "fixturenames", ())
        assert not needs_head or file in ON_THE_HEAD, f"{file} belongs to ON_THE_HEAD"
        if file in order:
            return order.index(file)
        return len(order) + (file not in slow)

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    # The order of the items is that of the groups.
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


def group_of(nodeid: str) -> str:
    """The tests that one worker process runs, one after the other."""
    file = _file_of(nodeid)
    if file in ON_THE_HEAD:
        return "on the head"
    return "with clusters" if file in WITH_CLUSTERS else file


def _file_of(nodeid: str) -> str:
    path = PurePath(nodeid.partition("::")[0])
    return str(path.relative_to("tests")) if path.is_relative_to("tests") else str(path)
