"""Grid and sweep as submitted jobs on a real local head: same rows, exit codes, logs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from grid_command import ROOT, GridCommand
from sweep_command import SweepCommand

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
HEAD_OPTIONS = ("--num-cpus=2", "--dashboard-host=127.0.0.1", "--disable-usage-stats")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**more: str) -> dict[str, str]:
    """The test's environment with the interpreter's folder first, as an activated one has it."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "RAY_AUTH_MODE": "token", "OMP_NUM_THREADS": "1", **more}


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the job server of a head that lives as long as the module."""
    ports = {name: free_port() for name in ("port", "dashboard-port", "ray-client-server-port")}
    words = [f"--{name}={port}" for name, port in ports.items()]
    log = tmp_path_factory.mktemp("head") / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(BIN / "ray"), "start", "--head", "--block", *HEAD_OPTIONS, *words],
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{ports['dashboard-port']}"
    try:
        wait_until_it_answers(address, log)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def wait_until_it_answers(address: str, log: Path) -> None:
    deadline = time.monotonic() + 180
    while subprocess.run(
        [str(BIN / "ray"), "job", "list", "--address", address],
        env=environment(),
        capture_output=True,
    ).returncode:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(1)


def submit(head: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    job = ["--working-dir", ".", "--runtime-env", "experiments/jobs/runtime_env.yaml"]
    return subprocess.run(
        [str(BIN / "ray"), "job", "submit", "--address", head, *job, "--", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_job_gives_the_rows_of_the_direct_run(
    head: str, uninterrupted: GridCommand, tmp_path: Path
) -> None:
    command = GridCommand(uninterrupted.data, tmp_path)
    done = submit(head, command.words())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mask AP on val" in done.stdout
    assert command.rows() == uninterrupted.rows()
    direct = {path.name for path in uninterrupted.runs.glob("nodes/*")}
    assert {path.name for path in tmp_path.glob("nodes/*")} == direct


def test_a_sweep_is_submitted_like_a_grid(head: str, toy_set: Path, tmp_path: Path) -> None:
    command = SweepCommand(toy_set, tmp_path, more=("--algorithm", "random", "--trials", "2"))
    done = submit(head, command.words())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CPU-hours" in done.stdout
    assert sorted(command.trials()) == [0, 1]


def test_a_job_that_fails_says_so_in_its_exit_code_and_log(head: str) -> None:
    done = submit(head, ["experiments/grid.py", "--runs", "runs"])
    assert done.returncode != 0
    assert "a submitted job runs in a folder that is thrown away" in done.stdout + done.stderr
