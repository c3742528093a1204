"""A password in MLflow's address is neither printed nor logged nor stored: a real server and none.

The plain server asks for no login; it is the client's side that has the password and might tell it.
"""

import logging
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.commands.next_steps import print_mlflow
from longtail.cluster.nodes.ledger import begin, node_directory
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.provenance import provenance
from longtail.cluster.nodes.statuses import State, look_up
from longtail.cluster.results.publish import Publisher
from longtail.cluster.results.published import Published
from longtail.cluster.results.run_group import GridRunGroup

pytestmark = pytest.mark.slow

PASSWORD = "hush-4711"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port and folder of an MLflow server."""
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    words = ["--host", "127.0.0.1", "--port", f"{port}", "--workers", "1"]
    store = f"sqlite:///{folder}/mlflow.db"
    command = [sys.executable, "-m", "mlflow", "server", *words, "--backend-store-uri", store]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        while not _answers(port):
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield port, folder
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def publish(plan: Plan, runs: Path) -> Published:
    """All that a grid does with MLflow, its last words included."""
    statuses = look_up(plan, runs)
    node = plan.rows[0].stages[-1]
    statuses[node.id].state = State.DONE
    begin(node_directory(runs, node), node, provenance())
    (node_directory(runs, node) / "result.json").write_text("{}")
    publisher = Publisher(GridRunGroup(plan, runs, "grid"), runs, "test")
    publisher.check()
    published = publisher.publish_end(statuses, "FINISHED")
    publisher.attach([node_directory(runs, node) / "node.json"])
    print_mlflow(runs, published, "grid")
    return published


def assert_untold(
    runs: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> str:
    """The password is nowhere; what was printed."""
    captured = capfd.readouterr()
    assert PASSWORD not in captured.out + captured.err + caplog.text
    files = [path for path in runs.rglob("*") if path.is_file()]
    assert files and not any(PASSWORD.encode() in path.read_bytes() for path in files)
    return captured.out + captured.err


def test_a_server_is_given_the_password_and_nobody_else(
    plan: Plan,
    server: tuple[int, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    port, folder = server
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ada:{PASSWORD}@127.0.0.1:{port}")
    caplog.set_level(logging.DEBUG)
    assert publish(plan, tmp_path / "runs").problem is None
    said = assert_untold(tmp_path / "runs", capfd, caplog)
    assert f"open http://***@127.0.0.1:{port}" in said
    assert PASSWORD.encode() not in (folder / "mlflow.db").read_bytes()


@pytest.mark.parametrize("scheme", ["http", "https", "postgresql", "mysql+nosuchdriver"])
def test_a_server_that_is_away_is_told_without_its_password(
    scheme: str,
    plan: Plan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{scheme}://ada:{PASSWORD}@127.0.0.1:9/x")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    caplog.set_level(logging.DEBUG)
    published = publish(plan, tmp_path / "runs")
    assert published.problem is not None and PASSWORD not in published.problem
    assert "MLflow lacks part of this grid" in assert_untold(tmp_path / "runs", capfd, caplog)
