"""MLflow's SQLite file is there whole or not at all, whoever starts or dies meanwhile."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from longtail.commands import InfrastructureError
from longtail.tracking import store
from longtail.tracking.store import check_store, is_locked, make_store
from longtail.tracking.tracker import Tracker

OPEN = """
import sys
from longtail.tracking.tracker import Tracker
print("ready", flush=True)
sys.stdin.readline()
tracker = Tracker(sys.argv[1], "first")
print(tracker.open_grid("grid", "table", {}))
"""
AS_MLFLOW_DOES = """
import sys
from mlflow import MlflowClient
MlflowClient(sys.argv[1]).search_experiments()
"""


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mlflow.db"


def start(code: str, uri: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code, uri]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def killed_once(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    process.kill()
    process.communicate()


def is_begun(file: Path) -> bool:
    """Whether MLflow made some of its tables; it goes on for a second or more."""
    try:
        with closing(sqlite3.connect(file, timeout=0)) as connection:
            return bool(connection.execute("SELECT count(*) FROM alembic_version").fetchone()[0])
    except sqlite3.OperationalError:
        return False


@pytest.mark.slow
def test_first_users_at_once_share_one_store(uri: str) -> None:
    processes = [start(OPEN, uri) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    ends = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        ends.append(output.strip())
    assert len(set(ends)) == 1
    experiments = [item.experiment_id for item in MlflowClient(uri).search_experiments()]
    assert len(experiments) == 2 and len(MlflowClient(uri).search_runs(experiments)) == 1


@pytest.mark.slow
def test_a_process_that_dies_while_it_makes_the_store_leaves_none(uri: str, tmp_path: Path) -> None:
    process = start(OPEN, uri)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    killed_once(process, lambda: any(map(is_begun, tmp_path.glob(".mlflow.db.*[0-9]"))))
    assert not (tmp_path / "mlflow.db").exists()
    Tracker(uri, "first").open_grid("grid", "table", {})
    assert {path.name for path in tmp_path.iterdir()} <= {
        "mlflow.db", "mlflow.db.lock", "artifacts",
    }  # fmt: skip


@pytest.mark.slow
def test_a_store_that_was_left_half_made_is_named_with_its_remedy(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mlflow.db"
    killed_once(start(AS_MLFLOW_DOES, uri), lambda: is_begun(file))
    monkeypatch.setattr(store, "STILL_SECONDS", 0.0)
    with pytest.raises(
        InfrastructureError, match=f"half-made.*no run is in it: remove it .rm {file}"
    ):
        check_store(uri)
    file.unlink()
    make_store(uri)
    check_store(uri)


@pytest.mark.slow
def test_a_store_is_waited_for_that_another_mlflow_makes_just_now(uri: str, tmp_path: Path) -> None:
    process = start(AS_MLFLOW_DOES, uri)
    while not is_begun(tmp_path / "mlflow.db"):
        assert process.poll() is None
    check_store(uri)
    assert process.wait() == 0


def test_no_store_and_a_server_need_no_check(uri: str) -> None:
    check_store(uri)
    check_store("http://127.0.0.1:9")
    assert not is_locked(uri) and not is_locked("http://127.0.0.1:9")


def test_a_file_of_another_kind_is_named(uri: str, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database " * 1000)
    with pytest.raises(InfrastructureError, match=r"mlflow.db: MLflow cannot keep its records"):
        check_store(uri)


def test_a_lock_on_the_store_is_seen(uri: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as holder:
        holder.execute("CREATE TABLE runs (x)")
        assert not is_locked(uri)
        holder.execute("BEGIN IMMEDIATE")
        assert is_locked(uri)
        holder.execute("ROLLBACK")
        assert not is_locked(uri)
