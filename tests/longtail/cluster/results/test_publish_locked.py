"""Points reach a store that another process keeps locked as soon as it is free, each once."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from longtail.cluster.nodes.ledger import begin, node_directory
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.statuses import NodeStatuses, State, look_up
from longtail.cluster.results.publish import Publisher
from longtail.cluster.results.run_group import GridRunGroup
from longtail.tracking import store
from longtail.training.journal import JOURNAL, Journal

pytestmark = pytest.mark.slow

NUM_STEPS = 5


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture
def holder(runs: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a store that is there already, which can keep all others out."""
    store.make_store(f"sqlite:///{runs}/mlflow.db")
    connection = sqlite3.connect(runs / "mlflow.db", isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()


def trained(plan: Plan, runs: Path) -> tuple[NodeStatuses, Node]:
    """The plan with one training under way, which has ten points."""
    statuses = look_up(plan, runs)
    node = plan.rows[0].stages[-1]
    statuses[node.id].state = State.RUNNING
    directory = node_directory(runs, node)
    begin(directory, node, {"versions": {}, "git": "unknown"})
    journal = Journal(directory / JOURNAL)
    for step in range(1, NUM_STEPS + 1):
        journal.append(step, {"train/loss": 1 / step, "train/lr": 0.1})
    journal.close()
    return statuses, node


def steps_in_mlflow(runs: Path, node: Node) -> dict[str, list[int]]:
    client = MlflowClient(f"sqlite:///{runs}/mlflow.db")
    everywhere = [item.experiment_id for item in client.search_experiments()]
    (run,) = client.search_runs(everywhere, f"tags.`longtail.node` = '{node.id}'")
    return {
        key: sorted(point.step for point in client.get_metric_history(run.info.run_id, key))
        for key in run.data.metrics
    }


def publisher_of(plan: Plan, runs: Path) -> Publisher:
    return Publisher(GridRunGroup(plan, runs, "grid"), runs, "test")


def test_a_lock_that_ends_costs_no_point(
    plan: Plan, runs: Path, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses, node = trained(plan, runs)
    publisher = publisher_of(plan, runs)
    holder.execute("BEGIN EXCLUSIVE")
    # The last attempt has failed when it begins to wait.
    monkeypatch.setattr(store.time, "sleep", lambda _: holder.in_transaction and holder.rollback())
    published = publisher.publish_end(statuses, "FINISHED")
    assert published.problem is None
    whole = list(range(1, NUM_STEPS + 1))
    assert steps_in_mlflow(runs, node) == {"train/loss": whole, "train/lr": whole}


def test_a_lock_that_stays_is_told_and_the_next_run_brings_every_point_once(
    plan: Plan, runs: Path, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses, node = trained(plan, runs)
    monkeypatch.setattr(store, "LOCKED_SECONDS", 0.0)
    holder.execute("BEGIN EXCLUSIVE")
    published = publisher_of(plan, runs).publish_end(statuses, "FINISHED")
    assert published.problem == (
        "another process keeps its store locked; of 10 points it has at least 0"
    )
    holder.rollback()
    for _ in range(2):
        assert publisher_of(plan, runs).publish_end(statuses, "FINISHED").problem is None
    whole = list(range(1, NUM_STEPS + 1))
    assert steps_in_mlflow(runs, node) == {"train/loss": whole, "train/lr": whole}


def test_a_grid_under_another_experiment_says_where_its_runs_are(plan: Plan, runs: Path) -> None:
    statuses, _ = trained(plan, runs)
    assert publisher_of(plan, runs).publish_end(statuses, "FINISHED").elsewhere is None
    other = Publisher(GridRunGroup(plan, runs, "grid"), runs, "other")
    assert other.publish_end(statuses, "FINISHED").elsewhere == "2 in 'test'"


def test_a_damaged_journal_is_named_and_counts_no_points(plan: Plan, runs: Path) -> None:
    statuses, node = trained(plan, runs)
    journal = node_directory(runs, node) / JOURNAL
    journal.write_bytes(journal.read_bytes().replace(b"0.1", b"0.2", 1))
    published = publisher_of(plan, runs).publish_end(statuses, "FINISHED")
    assert published.problem is not None
    assert f"{journal}: line 1: damaged" in published.problem
    assert "points" not in published.problem
