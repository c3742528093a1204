"""MLflow's server on this machine alone, for as long as somebody looks."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.request import ProxyHandler, build_opener

from longtail.commands import InfrastructureError
from longtail.tracking.address import SQLITE

HOST = "127.0.0.1"
PORTS_TRIED = 50
START_SECONDS, END_SECONDS = 180.0, 15.0
QUIET = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
"""Jobs would take 2 GB of memory, and nothing of ours is one."""


class Server:
    """A server that was started.

    Args:
        process: It, the first of a group of its own.
        port: Where it listens.
        output: What it says.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, output: IO[bytes]) -> None:
        self.process, self._port, self._output = process, port, output

    @property
    def address(self) -> str:
        """Its page."""
        return f"http://{HOST}:{self._port}"

    def wait_until_ready(self) -> None:
        """Return when it answers.

        Raises:
            InfrastructureError: It ended, or does not answer.
        """
        opener = build_opener(ProxyHandler({}))
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), closing(opener.open(f"{self.address}/health", timeout=2)):
                return
            time.sleep(0.2)
        raise InfrastructureError(f"MLflow's server did not start:\n{self._said()}")

    def _said(self) -> str:
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return "\n".join(lines[-10:])


@contextmanager
def served(store: Path, port: int) -> Iterator[Server]:
    """MLflow's server for an SQLite store; at the end none of its processes is left.

    Args:
        store: The file, absolute.
        port: Where it listens; a free one.
    """
    options = ["--host", HOST, "--port", str(port), "--workers", "1"]
    command = [sys.executable, "-m", "mlflow", "server", *options]
    command += ["--backend-store-uri", f"{SQLITE}{store}"]
    with TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **QUIET},
            # Ctrl-C reaches us alone, and we end all of them.
            start_new_session=True,
        )
        try:
            yield Server(process, port, output)
        finally:
            _end(process)


def free_port(wanted: int) -> int:
    """The port, or the next one after it on which nobody listens.

    Raises:
        InfrastructureError: All of the next ones are taken.
    """
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                return port
    raise InfrastructureError(f"no port of {wanted} and the next {PORTS_TRIED} is free: --port")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all of its group, at last by force."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
