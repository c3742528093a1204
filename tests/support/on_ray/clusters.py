"""Ray clusters for commands that the tests start: one head that many share, or one of their own.

All of Ray's files go to a folder of the cluster, whose path is short: those of sockets end at 107
bytes. By that folder, which all of its processes have in their environment, they are found again.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from longtail.ray_cluster.spared import SPARED, WITHOUT_A_PAGE

BIN = Path(sys.executable).parent
FOLDER = "RAY_TMPDIR"
NUM_CPUS = 2
OBJECT_STORE_BYTES = 300 * 2**20


@dataclass(frozen=True)
class Cluster:
    """What a command needs to know of its cluster.

    Attributes:
        environment: Of the command's process; with `RAY_ADDRESS` it joins, else it starts its own.
        jobs: Address of the job server, if there is one.
    """

    environment: dict[str, str] = field(repr=False)
    jobs: str = ""


NO_CLUSTER = Cluster({})
"""Of commands whose words are wanted, and that are not started."""


def wait_for(
    condition: Callable[[], bool], process: subprocess.Popen[str], seconds_between: float = 0.02
) -> None:
    """Wait until a process has done what the condition sees; it must not end before."""
    deadline = time.monotonic() + 600
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(seconds_between)


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """For commands that start a cluster each; nothing of any is left afterwards."""
    with _folder() as folder:
        yield Cluster(_environment(folder))


@contextmanager
def shared_head() -> Iterator[Cluster]:
    """A head with a job server, for commands that join it."""
    names = "port", "dashboard-port", "dashboard-agent-listen-port", "ray-client-server-port"
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    words = [f"--{name}={port}" for name, port in ports.items()]
    limits = f"--num-cpus={NUM_CPUS}", f"--object-store-memory={OBJECT_STORE_BYTES}"
    fixed = *limits, "--dashboard-host=127.0.0.1", "--disable-usage-stats"
    jobs = f"http://127.0.0.1:{ports['dashboard-port']}"
    with _folder() as folder:
        environment = _environment(folder)
        log = folder / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [str(BIN / "ray"), "start", "--head", "--block", *fixed, *words],
                # Processes of the web page that are killed leave their sockets there.
                env={**environment, "TMPDIR": str(folder)},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        try:
            wait_for(lambda: _listens(ports["dashboard-port"]), process)
            wait_for(lambda: _answers(jobs, environment), process)
            address = f"127.0.0.1:{ports['port']}"
            yield Cluster({**environment, "RAY_ADDRESS": address}, jobs)
        finally:
            # Its own way to end takes half a minute.
            process.kill()
            process.wait()


def kill_head(cluster: Cluster) -> None:
    """End the control service of a cluster in whose folder all of its processes are."""
    folder = cluster.environment[FOLDER]
    services = [
        process
        for process in psutil.process_iter()
        if process.name() == "gcs_server" and any(folder in word for word in process.cmdline())
    ]
    assert len(services) == 1
    services[0].kill()


def _listens(port: int) -> bool:
    """Whether it is worth a process of Ray's to ask."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def _answers(jobs: str, environment: dict[str, str]) -> bool:
    ask = [str(BIN / "ray"), "job", "list", "--address", jobs]
    return subprocess.run(ask, env=environment, capture_output=True).returncode == 0


def _environment(folder: Path) -> dict[str, str]:
    """The test's environment, with the interpreter's folder first as an activated one has it."""
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    settings = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "OMP_NUM_THREADS": "1",
        **SPARED,
        **WITHOUT_A_PAGE,
        FOLDER: str(folder),
    }
    kept = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return {**kept, **settings}


@contextmanager
def _folder() -> Iterator[Path]:
    common = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="lt", dir=common if len(common) < 20 else "/tmp"))
    try:
        yield folder
    finally:
        # Until none is left: those that were killed may have started others before.
        while processes := _processes_of(folder):
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(processes)
        shutil.rmtree(folder)


def _processes_of(folder: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _is_of(process, folder)]


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(process.environ().get(FOLDER, "")).startswith(str(folder))
    except psutil.Error:
        return False


def _free_ports(number: int) -> list[int]:
    """All found before any is given back, so that no two are the same."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
