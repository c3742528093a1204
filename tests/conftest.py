"""Ray clusters that tests share, and how tests are shared out among worker processes."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.browser.browser import Browser
from support.browser.chromium import chromium, missing_browser
from support.on_ray.clusters import Cluster, own_cluster, shared_head
from support.on_ray.worker_groups import group_of, sort_longest_first

from longtail.commands import NO_REPORT


@pytest.fixture(scope="session", autouse=True)
def _settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches of tests are kept where pytest keeps their files; commands make no reports, which take
    them seconds, unless `with_reports` is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONGTAIL_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv(NO_REPORT, "1")
        yield


@pytest.fixture
def with_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands leave a report beside their results, as they do for users."""
    monkeypatch.delenv(NO_REPORT)


@pytest.fixture(scope="session")
def ray_head() -> Iterator[Cluster]:
    """The head that all tests join which neither kill nor interrupt anything."""
    with shared_head() as cluster:
        yield cluster


@pytest.fixture(name="own_cluster")
def own_cluster_fixture() -> Iterator[Cluster]:
    """For commands that start a cluster each."""
    with own_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser that all tests of a process use in turn; skips where this machine has none."""
    if reason := missing_browser():
        pytest.skip(reason)
    with chromium() as driver:
        yield Browser(driver)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _skip_without_gpu(items)
    if hasattr(config, "workerinput"):
        sort_longest_first(items)


def _skip_without_gpu(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Groups in the order of their items."""
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return GroupScheduling(config, log)
