"""Which tests run in the same one of pytest-xdist's worker processes, and in what order.

A file's tests stay together: they share fixtures. So do files on the shared head, that there is one
head, and files that start clusters, that there is one such cluster at a time.
"""

from pathlib import PurePath

import pytest

ON_THE_HEAD = (
    "experiments/test_grid.py",
    "experiments/test_sweep.py",
    "experiments/test_shared_pass.py",
    "experiments/test_job.py",
    "experiments/test_own_data.py",
    "experiments/test_engines.py",
    "longtail/sweep/search/test_tuner.py",
    "experiments/test_relative_paths.py",
    "ensemble/test_tune.py",
    "ensemble/test_merge_workers.py",
)
# Last what compares itself with runs on the head, which are over by then.
WITH_CLUSTERS = (
    "longtail/ray_cluster/test_calls.py",
    "longtail/ray_cluster/test_fit.py",
    "longtail/ray_cluster/test_connection.py",
    "longtail/cluster/pool/test_pool.py",
    "experiments/test_interrupted_sweep.py",
    "experiments/test_interrupted_grid.py",
)


def group_of(nodeid: str) -> str:
    """The name of the tests that one worker process runs, one after the other."""
    file = _file_of(nodeid)
    if file in ON_THE_HEAD:
        return "on the head"
    return "with clusters" if file in WITH_CLUSTERS else file


def sort_longest_first(items: list[pytest.Item]) -> None:
    """Groups in this order keep all workers busy to the end."""
    slow = {_file_of(item.nodeid) for item in items if item.get_closest_marker("slow")}
    order = (*ON_THE_HEAD, *WITH_CLUSTERS)

    def rank(item: pytest.Item) -> int:
        file = _file_of(item.nodeid)
        return order.index(file) if file in order else len(order) + (file not in slow)

    items.sort(key=rank)


def _file_of(nodeid: str) -> str:
    path = PurePath(nodeid.partition("::")[0])
    return str(path.relative_to("tests")) if path.is_relative_to("tests") else str(path)
