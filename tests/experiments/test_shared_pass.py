"""Rows over one frozen trunk through the grid command: one pass, the results of separate runs."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.commands.grid_command import GridCommand
from support.commands.run_records import (
    RETRAINED,
    assert_trained_as_apart,
    both,
    mlflow_runs,
    retrained,
    starts,
)
from support.on_ray.clusters import NO_CLUSTER
from support.on_ray.warm_pool import WarmPool

pytestmark = pytest.mark.slow


def test_rows_over_one_trunk_are_trained_in_one_pass_and_one_that_diverges_leaves_them_alone(
    apart: GridCommand, warm: WarmPool, tmp_path: Path
) -> None:
    wild = ("--set", "wild:stages.1.optimizer.base_lr=1e30")
    rows = "rhead_cat,rhead_cat_3fc,wild=rhead_cat_3fc"
    command = replace(both(apart, tmp_path, NO_CLUSTER, *wild), variants=rows)
    code, output = warm.run(command.words())
    assert code == 4, output
    assert f"{RETRAINED} and 2 more, shared trunk (3)" in output
    assert "done, shared trunk (3)" in output
    assert "training diverged at step" in output and "failed in stage" in output
    assert command.table()["rows"]["wild"] is None
    fine = [node for node in retrained(command) if (node / "result.json").exists()]
    assert_trained_as_apart(fine, retrained(apart))
    assert [start["shared_trunk"] for node in fine for start in starts(node)] == [3] * 2
    assert all("shared_trunk" not in start for node in retrained(apart) for start in starts(node))
    tagged = mlflow_runs(tmp_path, "tags.`longtail.shared_trunk` = '3'")
    assert {run.data.tags["longtail.node"] for run in tagged} >= {node.name for node in fine}
