"""Statistics over the seeds of a variant."""

from pathlib import Path

import pytest

from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.plan import DataFiles, make_plan
from longtail.cluster.nodes.statuses import look_up
from longtail.cluster.results.named_results import over_seeds
from longtail.config.variant import Variant


def test_finished_runs_of_a_variant_are_averaged(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan({"a": Variant()}, (0, 1, 2), data)
    for row, ap in zip(plan.rows, (0.10, 0.20), strict=False):
        directory = node_directory(tmp_path, row.evaluation)
        directory.mkdir(parents=True)
        finish(directory, [], {"AP": ap, "APr": -1.0})
    summary = over_seeds(plan, look_up(plan, tmp_path), tmp_path)["a"]
    statistic = summary.metrics["AP"]
    assert statistic.n == 2
    assert statistic.mean == pytest.approx(0.15)
    assert statistic.sd == pytest.approx(0.1 / 2**0.5)
    assert "APr" not in summary.metrics


def test_a_single_run_has_no_statistics(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan({"a": Variant()}, (0,), data)
    directory = node_directory(tmp_path, plan.rows[0].evaluation)
    directory.mkdir(parents=True)
    finish(directory, [], {"AP": 0.1})
    assert over_seeds(plan, look_up(plan, tmp_path), tmp_path) == {}
