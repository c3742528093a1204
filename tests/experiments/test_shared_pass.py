"""Rows over one frozen trunk through the grid command: one pass, the results of separate runs."""

from pathlib import Path

import pytest
from support.commands.grid_command import GridCommand
from support.commands.run_records import (
    RETRAINED,
    assert_trained_as_apart,
    both,
    mlflow_runs,
    results,
    retrained,
    starts,
)
from support.on_ray.clusters import Cluster

pytestmark = pytest.mark.slow


def test_rows_over_one_trunk_are_trained_in_one_pass(
    apart: GridCommand, ray_head: Cluster, tmp_path: Path
) -> None:
    command = both(apart, tmp_path, ray_head)
    code, output = command.run()
    assert code == 0, output
    assert f"{RETRAINED} and 1 more, shared trunk (2)" in output
    assert "done, shared trunk (2)" in output
    assert_trained_as_apart(command, apart)
    assert [start["shared_trunk"] for node in retrained(command) for start in starts(node)] == [
        2
    ] * 2
    assert all("shared_trunk" not in start for node in retrained(apart) for start in starts(node))
    tagged = mlflow_runs(tmp_path, "tags.`longtail.shared_trunk` = '2'")
    assert sorted(run.data.tags["longtail.node"] for run in tagged) == [
        node.name for node in retrained(command)
    ]

    code, output = command.run()
    assert code == 0 and "started" not in output and output.count("found finished") == 2


def test_a_row_that_diverges_leaves_the_others_of_its_pass_alone(
    apart: GridCommand, ray_head: Cluster, tmp_path: Path
) -> None:
    wild = ("--set", "rhead_cat_3fc:stages.1.optimizer.base_lr=1e30")
    command = both(apart, tmp_path, ray_head, *wild)
    code, output = command.run()
    assert code == 4, output
    assert "training diverged at step" in output and "failed in stage" in output
    rows = command.table()["rows"]
    assert rows["rhead_cat_3fc"] is None
    (alone,) = (node for node in retrained(apart) if node in _of_row(apart, "rhead_cat"))
    (fine,) = (node for node in retrained(command) if node.name == alone.name)
    assert results(fine) == results(alone)


def _of_row(command: GridCommand, row: str) -> list[Path]:
    nodes = retrained(command)
    return [
        node
        for node in nodes
        if f'"label": "{row} {RETRAINED}"' in (node / "node.json").read_text()
    ]
