"""A toy data set, and one grid on it that nothing interrupted."""

from pathlib import Path

import pytest
from clusters import Cluster
from grid_command import GridCommand


@pytest.fixture(scope="session")
def toy_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from longtail.data.synthetic_dataset import Parameters, write_dataset

    folder = tmp_path_factory.mktemp("toy")
    write_dataset(folder, Parameters(16, 8, 0, categories=6, size=64, seed=0))
    return folder


@pytest.fixture(scope="session")
def uninterrupted(
    toy_set: Path, head: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> GridCommand:
    """The grid run once from beginning to end: what every other way of running it must equal."""
    command = GridCommand(toy_set, tmp_path_factory.mktemp("uninterrupted"), head)
    code, output = command.run()
    assert code == 0, output
    return command
