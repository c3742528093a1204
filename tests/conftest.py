"""Ray clusters, and which tests run in the same of pytest-xdist's worker processes.

Tests on the shared head are one group, so that there is one head. Those that start clusters are
another, so that there is one such cluster at a time. Else a file is a group: it has fixtures.
"""

from collections.abc import Iterator

import pytest
from clusters import Cluster, own_cluster, shared_head

HEAD, OWN = "head", "own_cluster"
GROUPS = HEAD, OWN, "slow", "fast"


@pytest.fixture(scope="session", name=HEAD)
def head_fixture() -> Iterator[Cluster]:
    """The head that all tests join which neither kill nor interrupt it."""
    with shared_head() as cluster:
        yield cluster


@pytest.fixture(name=OWN)
def own_cluster_fixture() -> Iterator[Cluster]:
    """For commands that start a cluster each."""
    with own_cluster() as cluster:
        yield cluster


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _skip_without_gpu(items)
    if hasattr(config, "workerinput"):
        _group(items)


def _skip_without_gpu(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def _group(items: list[pytest.Item]) -> None:
    """Groups that take long go first: those that are short fill what is left of either worker."""
    kinds = {item: _kind(item) for item in items}
    slow = {item.path for item, kind in kinds.items() if kind == "slow"}
    for item, kind in kinds.items():
        item.add_marker(pytest.mark.xdist_group(kind if kind in (HEAD, OWN) else item.path.stem))
        if kind == "fast" and item.path in slow:
            kinds[item] = "slow"
    items.sort(key=lambda item: GROUPS.index(kinds[item]))


def _kind(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    if HEAD in fixtures:
        return HEAD
    if OWN in fixtures:
        return OWN
    return "slow" if item.get_closest_marker("slow") else "fast"
