"""Tests that start Ray are in the groups that keep two of them from sharing the cores."""

from pathlib import Path

import pytest
from support.on_ray.worker_groups import ON_THE_HEAD, WITH_CLUSTERS, group_of

TESTS = Path(__file__).parent
SOURCES = {str(path.relative_to(TESTS)): path.read_text() for path in TESTS.rglob("test_*.py")}


def files_with(fixture: str) -> set[str]:
    return {file for file, source in SOURCES.items() if f"{fixture}: Cluster" in source}


def test_files_that_join_the_head_are_one_group() -> None:
    assert files_with("ray_head")
    assert files_with("ray_head") <= set(ON_THE_HEAD)


def test_files_that_start_clusters_are_in_one_of_the_groups() -> None:
    assert files_with("own_cluster")
    assert files_with("own_cluster") <= {*ON_THE_HEAD, *WITH_CLUSTERS}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("tests/experiments/test_grid.py::a", "tests/experiments/test_job.py::b[1::2]", True),
        (
            "tests/experiments/test_grid.py::a",
            "tests/experiments/test_interrupted_grid.py::b",
            False,
        ),
        ("tests/test_layout.py::a", "tests/test_layout.py::b", True),
        (
            "tests/longtail/cluster/results/test_publish.py::a",
            "tests/ensemble/outputs/test_tracking.py::b",
            False,
        ),
    ],
)
def test_a_group_is_that_of_a_shared_cluster_or_of_a_file(
    one: str, other: str, together: bool
) -> None:
    assert (group_of(one) == group_of(other)) is together
