"""Both engines side by side in one table, on made-up pictures and on photographs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.commands.grid_command import GridCommand
from support.on_ray.clusters import Cluster
from support.places import SHARED

pytest.importorskip("detectron2", reason="detectron2 is not installed: no second engine")
pytestmark = pytest.mark.slow

PHOTOGRAPHS = SHARED / "real200"
ROWS = ("--variants", "eql_rfs_r50,eql_rfs_d2=eql_rfs_r50")
BOTH = (*ROWS, "--set", "eql_rfs_d2:engine=detectron2")
Run = Callable[[Path], GridCommand]


@pytest.fixture(scope="module")
def run(ray_head: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Run:
    def grid(data: Path) -> GridCommand:
        command = GridCommand(data, tmp_path_factory.mktemp("engines"), ray_head, BOTH)
        code, output = command.run()
        assert code == 0, output
        assert "difference to eql_rfs_r50" in output
        return command

    return grid


def losses(command: GridCommand) -> list[list[float]]:
    """The training losses of each row, by step."""
    journals = command.journals().items()
    return [
        [line["train/loss"] for line in lines if "train/loss" in line]
        for node, lines in journals
        if node.startswith("stage")
    ]


def assert_one_table_of_both(command: GridCommand) -> dict[str, Any]:
    """The same pictures in the same order with the same weights: the first losses are equal, and
    later ones part as rounding grows."""
    rows = command.rows()
    assert set(rows) == {"eql_rfs_r50", "eql_rfs_d2"}
    first, second = losses(command)
    assert first[:3] == pytest.approx(second[:3], rel=1e-5)
    assert first == pytest.approx(second, rel=0.1)
    return rows


def test_both_engines_in_one_table_on_made_up_pictures(run: Run, toy_set: Path) -> None:
    rows = assert_one_table_of_both(run(toy_set))
    assert rows["eql_rfs_d2"]["AP"] == pytest.approx(rows["eql_rfs_r50"]["AP"], abs=0.02)


@pytest.mark.skipif(not PHOTOGRAPHS.exists(), reason="needs ../shared/data/real200")
def test_both_engines_in_one_table_on_photographs(run: Run) -> None:
    rows = assert_one_table_of_both(run(PHOTOGRAPHS.resolve()))
    assert rows["eql_rfs_d2"]["AP"] == pytest.approx(rows["eql_rfs_r50"]["AP"], abs=0.02)
